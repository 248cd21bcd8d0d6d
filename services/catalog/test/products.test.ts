import { type FastifyInstance, type InjectOptions } from 'fastify'
import t, { type Test } from 'tap'
import { Value } from 'typebox/value'
import { ProductSchema } from '../src/products/schemas.js'
import { editor } from './support/access.js'
import { build } from './support/build.js'

const mug = {
  sku: 'T-1',
  name: 'Tin Mug',
  description: 'A mug.',
  categoryId: 1,
  price: 899,
  currency: 'EUR',
  stock: 5
}

async function create (app: FastifyInstance, changes: object = {}) {
  const response = await app.inject({
    method: 'POST',
    path: '/api/products',
    headers: editor,
    payload: { ...mug, ...changes }
  })
  if (response.statusCode !== 201) throw new Error(response.body)
  return { response, product: Value.Parse(ProductSchema, response.json()) }
}

async function refused (
  t: Test,
  app: FastifyInstance,
  request: InjectOptions,
  status: number,
  field?: string
) {
  const response = await app.inject(
    request.method === undefined
      ? request
      : { ...request, headers: { ...editor, ...request.headers } }
  )
  const problem: unknown = response.json()
  const what = `${request.method ?? 'GET'} ${JSON.stringify(request.payload)}: ${response.body}`
  t.equal(response.statusCode, status, what)
  t.match(response.headers['content-type'], 'application/problem+json')
  t.match(problem, field === undefined ? { status } : { status, errors: [{ field }] }, what)
}

t.test('products', async (t) => {
  const app = await build(t)

  t.test('a product is read with its validators, and revalidated with them', async (t) => {
    const response = await app.inject('/api/products/17')
    const product = Value.Parse(ProductSchema, response.json())
    t.equal(product.id, 17)
    t.equal(response.headers.etag, '"17-1"')
    t.equal(response.headers['last-modified'], new Date(product.updatedAt).toUTCString())
    const confirmed = await app.inject({
      path: '/api/products/17',
      headers: { 'if-none-match': 'W/"x", "17-1"' }
    })
    t.equal(confirmed.statusCode, 304)
    t.equal(confirmed.body, '')
    const head = await app.inject({ method: 'HEAD', path: '/api/products/17' })
    t.equal(head.statusCode, 200)
    t.equal(head.headers.etag, '"17-1"')
    await refused(t, app, { path: '/api/products/99999' }, 404)
    await refused(t, app, { path: '/api/products/x' }, 400, 'id')
    await refused(t, app, { path: '/api/products/0' }, 400, 'id')
    await refused(t, app, { path: '/api/products/9007199254740993' }, 400, 'id')
  })

  t.test('create, replace, change, delete', async (t) => {
    const { response, product } = await create(app)
    t.equal(response.headers.location, `/api/products/${product.id}`)
    t.equal(response.headers.etag, `"${product.id}-1"`)
    t.match(product, mug)
    const path = `/api/products/${product.id}`
    t.same((await app.inject(path)).json(), product)

    const replaced = await app.inject({
      method: 'PUT',
      path,
      headers: editor,
      payload: { sku: 'T-1', name: 'Mug', categoryId: 2, price: 0 }
    })
    t.equal(replaced.statusCode, 200)
    t.equal(replaced.headers.etag, `"${product.id}-2"`)
    t.match(replaced.json(), {
      name: 'Mug',
      description: '',
      stock: 0,
      currency: 'EUR',
      categoryId: 2,
      version: 2,
      createdAt: product.createdAt
    })

    const changed = await app.inject({
      method: 'PATCH',
      path,
      headers: editor,
      payload: { price: 950 }
    })
    t.equal(changed.statusCode, 200)
    t.equal(changed.headers.etag, `"${product.id}-3"`)
    t.match(changed.json(), { name: 'Mug', price: 950, version: 3 })
    const merged = await app.inject({
      method: 'PATCH',
      path,
      headers: { ...editor, 'content-type': 'application/merge-patch+json' },
      payload: '{"stock":3}'
    })
    t.match(merged.json(), { price: 950, stock: 3, version: 4 })
    t.same((await app.inject(path)).json(), merged.json())
    t.match((await app.inject({ path: '/api/products', query: { q: 'T-1 mug' } })).json(), {
      total: 1
    })

    const deleted = await app.inject({ method: 'DELETE', path, headers: editor })
    t.equal(deleted.statusCode, 204)
    t.equal(deleted.body, '')
    await refused(t, app, { path }, 404)
    await refused(t, app, { method: 'PUT', path, payload: mug }, 404)
    await refused(t, app, { method: 'PATCH', path, payload: {} }, 404)
    await refused(t, app, { method: 'DELETE', path }, 404)
    t.not((await create(app)).product.id, product.id, 'an id is never reused')
  })

  t.test('a merge patch removes optional fields with null (RFC 7396)', async (t) => {
    const { product } = await create(app, { sku: 'MERGE-1', description: 'Blue', stock: 7 })
    const path = `/api/products/${product.id}`
    const merge = (payload: string) =>
      app.inject({
        method: 'PATCH',
        path,
        headers: { ...editor, 'content-type': 'application/merge-patch+json' },
        payload
      })
    t.match((await merge('{"description":null,"price":5}')).json(), {
      description: '',
      price: 5,
      stock: 7
    })
    t.match((await merge('{"stock":null,"currency":null}')).json(), {
      description: '',
      stock: 0,
      currency: 'EUR',
      price: 5
    })
    t.match((await merge('{"description":"Red","stock":1}')).json(), {
      description: 'Red',
      stock: 1
    })
    t.match((await merge('{}')).json(), { description: 'Red', stock: 1, price: 5 })
    for (const field of ['sku', 'name', 'categoryId', 'price']) {
      t.match(
        (await merge(`{"${field}":null}`)).json(),
        { status: 400, errors: [{ field }] },
        `${field} cannot be removed`
      )
    }
    for (const whole of ['null', '[]', '"x"', '1']) {
      t.match((await merge(whole)).json(), { status: 400, errors: [{ field: 'body' }] }, whole)
    }
    t.match((await merge('{"color":null}')).json(), { status: 400, errors: [{ field: 'color' }] })
    await refused(
      t,
      app,
      { method: 'PATCH', path, payload: { description: null } },
      400,
      'description'
    )
    for (const method of ['POST', 'PUT'] as const) {
      const url = method === 'POST' ? '/api/products' : path
      const headers = { 'content-type': 'application/merge-patch+json' }
      await refused(
        t,
        app,
        { method, path: url, headers, payload: JSON.stringify({ ...mug, sku: 'MERGE-2' }) },
        415
      )
    }
    const removed = await app.inject({
      method: 'DELETE',
      path,
      headers: { ...editor, 'content-type': 'application/json' }
    })
    t.equal(removed.statusCode, 204, 'a Content-Type of nothing')
  })

  t.test('a product has one address', async (t) => {
    await app.inject('/api/products/1')
    const others = [
      '0x1',
      '0X1',
      '0b1',
      '0o1',
      '01',
      '001',
      '1e0',
      '1E0',
      '10e-1',
      '+1',
      '1.0',
      '1.',
      ' 1',
      '1 ',
      '\n1',
      '1\n',
      '\t1',
      '\u00a01',
      '\ufeff1',
      '-0',
      '1e309'
    ]
    for (const id of others) {
      for (const method of ['GET', 'HEAD', 'PUT', 'PATCH', 'DELETE'] as const) {
        const answer = await app.inject({
          method,
          url: `/api/products/${encodeURIComponent(id)}`,
          headers: editor,
          ...(method[0] === 'P' && { payload: mug })
        })
        t.ok(
          [400, 404].includes(answer.statusCode),
          `${method} ${JSON.stringify(id)}: ${answer.statusCode}`
        )
        t.notMatch(String(answer.headers['cache-status']), 'hit')
      }
    }
    for (const url of [
      '/api/products/1?',
      '/api/products/1?id=2',
      '/api/products/1?utm_source=x&_=17',
      '/api/products/%31',
      '/api/products/1?a[]=1'
    ]) {
      const answer = await app.inject(url)
      t.match(answer.json(), { id: 1 }, url)
      t.match(answer.headers['cache-status'], /; hit/, `${url} is found under the one key`)
    }
    await app.inject('/api/categories/cookware')
    for (const url of [
      '/api/categories/cookware?x=1',
      '/api/categories?x=1',
      '/api/categories?x=2'
    ]) {
      const answer = await app.inject(url)
      t.equal(answer.statusCode, 200)
      if (url !== '/api/categories?x=1') t.match(answer.headers['cache-status'], /; hit/, url)
    }
    for (const slug of [
      'Cookware',
      'cookware\n',
      '\ncookware',
      'cookware ',
      'cook%77are',
      'COOKWARE',
      'cookware-'
    ]) {
      const answer = await app.inject(`/api/categories/${encodeURIComponent(slug)}`)
      t.ok([400, 404].includes(answer.statusCode), `${JSON.stringify(slug)}: ${answer.statusCode}`)
    }
  })

  t.test('bad input names its field', async (t) => {
    const bad: [changes: object, field: string][] = [
      [{ sku: '' }, 'sku'],
      [{ sku: 'a b' }, 'sku'],
      [{ sku: 'x'.repeat(65) }, 'sku'],
      [{ name: '' }, 'name'],
      [{ name: '  ' }, 'name'],
      [{ name: 'x'.repeat(201) }, 'name'],
      [{ name: 7 }, 'name'],
      [{ name: null }, 'name'],
      [{ description: 'x'.repeat(4_001) }, 'description'],
      [{ description: null }, 'description'],
      [{ price: -1 }, 'price'],
      [{ price: 12.5 }, 'price'],
      [{ price: 1_000_000_001 }, 'price'],
      [{ price: '899' }, 'price'],
      [{ price: true }, 'price'],
      [{ price: null }, 'price'],
      [{ currency: 'USD' }, 'currency'],
      [{ stock: -1 }, 'stock'],
      [{ categoryId: 4_711 }, 'categoryId'],
      [{ categoryId: 0 }, 'categoryId'],
      [{ color: 'red' }, 'color']
    ]
    const before = await app.inject('/api/products/1')
    for (const [changes, field] of bad) {
      await refused(
        t,
        app,
        { method: 'POST', path: '/api/products', payload: { ...mug, sku: 'BAD-1', ...changes } },
        400,
        field
      )
      await refused(
        t,
        app,
        { method: 'PUT', path: '/api/products/1', payload: { ...mug, sku: 'BAD-1', ...changes } },
        400,
        field
      )
      await refused(
        t,
        app,
        { method: 'PATCH', path: '/api/products/1', payload: changes },
        400,
        field
      )
    }
    for (const field of ['sku', 'name', 'categoryId', 'price']) {
      await refused(
        t,
        app,
        { method: 'POST', path: '/api/products', payload: { ...mug, [field]: undefined } },
        400,
        field
      )
    }
    t.same((await app.inject('/api/products/1')).json(), before.json())
  })

  t.test('a body that is none', async (t) => {
    const json = { 'content-type': 'application/json' }
    await refused(
      t,
      app,
      { method: 'POST', path: '/api/products', headers: json, payload: '{' },
      400
    )
    await refused(
      t,
      app,
      { method: 'POST', path: '/api/products', headers: json, payload: '[]' },
      400
    )
    await refused(
      t,
      app,
      { method: 'POST', path: '/api/products', headers: json, payload: '' },
      400
    )
    await refused(
      t,
      app,
      {
        method: 'POST',
        path: '/api/products',
        headers: { 'content-type': 'text/csv' },
        payload: 'a'
      },
      415
    )
    const mergePatch = { 'content-type': 'application/merge-patch+json' }
    await refused(
      t,
      app,
      { method: 'PATCH', path: '/api/products/1', headers: mergePatch, payload: '{' },
      400
    )
  })

  t.test('a sku belongs to one product', async (t) => {
    const { product } = await create(app, { sku: 'S-1' })
    const other = await create(app, { sku: 'S-2' })
    await refused(
      t,
      app,
      { method: 'POST', path: '/api/products', payload: { ...mug, sku: 'S-1' } },
      409,
      'sku'
    )
    await refused(
      t,
      app,
      { method: 'PATCH', path: `/api/products/${other.product.id}`, payload: { sku: 'S-1' } },
      409,
      'sku'
    )
    await refused(
      t,
      app,
      {
        method: 'PUT',
        path: `/api/products/${other.product.id}`,
        payload: { ...mug, sku: 'S-1' }
      },
      409,
      'sku'
    )
    t.equal(
      (
        await app.inject({
          method: 'PUT',
          path: `/api/products/${product.id}`,
          headers: editor,
          payload: { ...mug, sku: 'S-1' }
        })
      ).statusCode,
      200,
      'its own is fine'
    )
  })

  t.test('a write on an outdated version is refused', async (t) => {
    const { product } = await create(app, { sku: 'P-1' })
    const path = `/api/products/${product.id}`
    const current = { 'if-match': `"${product.id}-1"` }
    const stale = { 'if-match': `"${product.id}-0"` }
    await refused(t, app, { method: 'PUT', path, headers: stale, payload: mug }, 412)
    await refused(t, app, { method: 'PATCH', path, headers: stale, payload: { price: 1 } }, 412)
    await refused(t, app, { method: 'DELETE', path, headers: stale }, 412)
    await refused(
      t,
      app,
      { method: 'PATCH', path, headers: { 'if-none-match': '*' }, payload: { price: 1 } },
      412
    )
    t.same((await app.inject(path)).json(), product)
    t.equal(
      (
        await app.inject({
          method: 'PATCH',
          path,
          headers: { ...editor, ...current },
          payload: { price: 1 }
        })
      ).statusCode,
      200
    )
    await refused(t, app, { method: 'DELETE', path, headers: current }, 412)
    t.equal(
      (await app.inject({ method: 'DELETE', path, headers: { ...editor, 'if-match': '*' } }))
        .statusCode,
      204
    )
  })
})
