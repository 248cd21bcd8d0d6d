import { type FastifyInstance } from 'fastify'
import t from 'tap'
import { Value } from 'typebox/value'
import { CategoryList, CategorySchema } from '../src/categories/schemas.js'
import { editor } from './support/access.js'
import { build } from './support/build.js'

t.test('categories', async (t) => {
  const app = await build(t)
  const list = async () =>
    Value.Parse(CategoryList, (await app.inject('/api/categories')).json()).items
  const write = async (
    method: 'POST' | 'PUT' | 'DELETE',
    path: string,
    payload?: object,
    headers: Record<string, string> = {}
  ) =>
    await app.inject({
      method,
      path,
      headers: { ...editor, ...headers },
      ...(payload === undefined ? {} : { payload })
    })
  const lamps = { slug: 'lava-lamps', name: 'Lava Lamps', description: 'Slow light.' }

  t.test('the list counts products', async (t) => {
    const items = await list()
    t.equal(items.length, 40)
    t.ok(items.every(({ productCount }) => productCount === 250))
    const [first, second] = items
    if (first === undefined || second === undefined) throw new Error('There are no categories')
    const { json } = await app.inject({
      path: '/api/products',
      query: { category: first.slug, limit: '1' }
    })
    const [product] = json<{ items: { id: number }[] }>().items
    const moved = await app.inject({
      method: 'PATCH',
      path: `/api/products/${product?.id}`,
      headers: editor,
      payload: { categoryId: second.id }
    })
    t.equal(moved.statusCode, 200)
    t.same((await list()).slice(0, 2).map(({ productCount }) => productCount), [249, 251])
  })

  t.test('create, read, replace, delete', async (t) => {
    const missing = await app.inject('/api/categories/lava-lamps')
    t.equal(missing.statusCode, 404)
    const created = await write('POST', '/api/categories', lamps)
    t.equal(created.statusCode, 201)
    t.equal(created.headers.location, '/api/categories/lava-lamps')
    const category = Value.Parse(CategorySchema, created.json())
    const read = await app.inject('/api/categories/lava-lamps')
    t.same(read.json(), category)
    t.equal(read.headers.etag, `"${category.id}-1"`)
    t.equal((await list()).find(({ slug }) => slug === 'lava-lamps')?.productCount, 0)

    const stale = await write('PUT', '/api/categories/lava-lamps', lamps, { 'if-match': '"0-0"' })
    t.equal(stale.statusCode, 412)
    const renamed = await write(
      'PUT',
      '/api/categories/lava-lamps',
      { slug: 'lava', name: 'Lava' },
      { 'if-match': `"${category.id}-1"` }
    )
    t.match(renamed.json(), {
      id: category.id,
      slug: 'lava',
      name: 'Lava',
      description: '',
      version: 2
    })
    t.equal((await app.inject('/api/categories/lava-lamps')).statusCode, 404)
    t.equal((await app.inject('/api/categories/lava')).statusCode, 200)

    t.equal(
      (
        await write('DELETE', '/api/categories/lava', undefined, {
          'if-match': `"${category.id}-1"`
        })
      ).statusCode,
      412
    )
    t.equal((await write('DELETE', '/api/categories/lava')).statusCode, 204)
    t.equal((await write('DELETE', '/api/categories/lava')).statusCode, 404)
    t.equal((await write('PUT', '/api/categories/lava', lamps)).statusCode, 404)
  })

  t.test('a list by a removed slug is not answered with old responses', async (t) => {
    await write('POST', '/api/categories', lamps)
    const byCategory = async (app: FastifyInstance) =>
      (await app.inject({ path: '/api/products', query: { category: 'lava-lamps' } })).statusCode
    t.equal(await byCategory(app), 200)
    await write('DELETE', '/api/categories/lava-lamps')
    t.equal(await byCategory(app), 400)
  })

  t.test('refusals have a reason', async (t) => {
    const inUse = await write('DELETE', '/api/categories/cookware')
    t.equal(inUse.statusCode, 409)
    t.match(inUse.json(), {
      code: 'CATALOG_ERR_CATEGORY_IN_USE',
      detail: /still has products \(\d+\)/
    })
    const taken = await write('POST', '/api/categories', { slug: 'pens', name: 'Pens' })
    t.equal(taken.statusCode, 409)
    t.match(taken.json(), { code: 'CATALOG_ERR_SLUG_TAKEN', errors: [{ field: 'slug' }] })
    t.equal(
      (await write('PUT', '/api/categories/cookware', { slug: 'pens', name: 'Pens' })).statusCode,
      409
    )
    const bad: [payload: object, field: string][] = [
      [{ name: 'x' }, 'slug'],
      [{ slug: 'No', name: 'x' }, 'slug'],
      [{ slug: 'a--b', name: 'x' }, 'slug'],
      [{ slug: 'x'.repeat(65), name: 'x' }, 'slug'],
      [{ slug: 'x' }, 'name'],
      [{ slug: 'x', name: '' }, 'name'],
      [{ slug: 'x', name: 'x', parent: 1 }, 'parent']
    ]
    for (const [payload, field] of bad) {
      const response = await write('POST', '/api/categories', payload)
      t.equal(response.statusCode, 400, response.body)
      t.match(response.json(), { errors: [{ field }] }, response.body)
    }
    t.equal((await app.inject('/api/categories/No%20Slug')).statusCode, 400)
    t.match((await app.inject('/api/categories/none')).json(), {
      status: 404,
      code: 'CATALOG_ERR_CATEGORY_NOT_FOUND'
    })
  })
})
