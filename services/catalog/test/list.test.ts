import { type FastifyInstance } from 'fastify'
import t, { type Test } from 'tap'
import { Type } from 'typebox'
import { Value } from 'typebox/value'
import { createRandom } from '../src/db/seed/random.js'
import { ProductList } from '../src/products/schemas.js'
import { build } from './support/build.js'

const NumberedPage = Type.Required(ProductList)

async function list (app: FastifyInstance, query: Record<string, string> = {}) {
  const response = await app.inject({ path: '/api/products', query })
  if (response.statusCode !== 200) {
    throw new Error(`${JSON.stringify(query)}: ${response.statusCode} ${response.body}`)
  }
  return Value.Parse(NumberedPage, response.json())
}

async function refused (
  t: Test,
  app: FastifyInstance,
  query: Record<string, string>,
  field: string
) {
  const response = await app.inject({ path: '/api/products', query })
  const problem: unknown = response.json()
  t.equal(response.statusCode, 400, JSON.stringify(query))
  t.match(response.headers['content-type'], 'application/problem+json')
  t.match(
    problem,
    { status: 400, errors: [{ field }] },
    `${JSON.stringify(query)} is blamed on ${field}: ${response.body}`
  )
}

t.test('lists of products', async (t) => {
  const app = await build(t)

  t.test('pages', async (t) => {
    const first = await list(app)
    t.match(first, { page: 1, limit: 20, total: 10_000, pages: 500 })
    t.equal(first.items.length, 20)
    const second = await list(app, { page: '2' })
    t.notOk(second.items.some(({ id }) => first.items.some((other) => other.id === id)))
    const last = await list(app, { page: '100', limit: '100' })
    t.equal(last.items.length, 100)
    t.same(
      (await list(app, { page: '9', category: 'cookware', limit: '50' })).items,
      [],
      'beyond the last page'
    )
  })

  t.test('bounds', async (t) => {
    await refused(t, app, { limit: '101' }, 'limit')
    await refused(t, app, { limit: '0' }, 'limit')
    await refused(t, app, { limit: 'ten' }, 'limit')
    await refused(t, app, { page: '0' }, 'page')
    await refused(t, app, { page: '1.5' }, 'page')
    await refused(t, app, { page: '101', limit: '100' }, 'page')
    t.equal((await list(app, { page: '10000', limit: '1' })).items.length, 1)
    await refused(t, app, { minPrice: '-1' }, 'minPrice')
    await refused(t, app, { maxPrice: '1000000001' }, 'maxPrice')
    await refused(t, app, { maxPrice: '12.99' }, 'maxPrice')
    await refused(t, app, { minPrice: '2', maxPrice: '1' }, 'minPrice')
    await refused(t, app, { sort: 'color' }, 'sort')
    await refused(t, app, { category: 'cutlery' }, 'category')
    await refused(t, app, { q: 'x'.repeat(101) }, 'q')
  })

  t.test('filters', async (t) => {
    const cheap = await list(app, {
      category: 'cookware',
      minPrice: '2000',
      maxPrice: '5000',
      limit: '100'
    })
    t.ok(cheap.total > 10 && cheap.total < 250)
    t.ok(
      cheap.items.every(
        ({ price, sku }) => price >= 2_000 && price <= 5_000 && sku.startsWith('PAN-')
      )
    )
    const pans = await list(app, { q: 'iron pan', limit: '100' })
    t.ok(pans.total > 0)
    t.ok(
      pans.items
        .map(({ sku, name, description }) => `${sku} ${name} ${description}`)
        .every((text) => /\biron/i.test(text) && /\bpan/i.test(text))
    )
    t.equal((await list(app, { q: 'PAN-00017' })).items[0]?.sku, 'PAN-00017')
    t.equal(
      (await list(app, { q: 'kuchenfr' })).total,
      (await list(app, { q: 'KÜCHENFREUND' })).total,
      'without accents, or only begun'
    )
    t.equal((await list(app, { q: '***' })).total, 0, 'no product has that')
    t.equal((await list(app, { q: ' ' })).total, 10_000, 'an empty search box is not a filter')
  })

  t.test('sorts, with no product on two pages', async (t) => {
    const orders = {
      newest: ({ createdAt }: { createdAt: string }) => -Date.parse(createdAt),
      price: ({ price }: { price: number }) => price,
      '-price': ({ price }: { price: number }) => -price
    }
    for (const [sort, key] of Object.entries(orders)) {
      const pages = [
        await list(app, { sort, limit: '100' }),
        await list(app, { sort, limit: '100', page: '2' }),
        await list(app, { sort, limit: '100', page: '3' })
      ]
      const items = pages.flatMap(({ items }) => items)
      t.equal(new Set(items.map(({ id }) => id)).size, 300, sort)
      t.same(items.map(key), items.map(key).sort((a, b) => a - b), sort)
    }
    const names = (await list(app, { sort: 'name', limit: '100' })).items.map(({ name }) => name)
    t.same(names, names.toSorted(new Intl.Collator('en').compare))
    t.same(
      (await list(app, { sort: '-name', category: 'pens', limit: '100', page: '3' })).items
        .map(({ id }) => id)
        .reverse(),
      (await list(app, { sort: 'name', category: 'pens', limit: '50' })).items.map(({ id }) => id)
    )
  })

  t.test('no search causes a server error', async (t) => {
    const pieces = [
      '"',
      '*',
      '-',
      '^',
      '(',
      ')',
      ':',
      '{',
      '}',
      '+',
      "'",
      '\\',
      '%',
      '_',
      ';',
      '\0',
      ' ',
      '\t',
      '\u0301',
      '\u200d',
      '🍳',
      '日本',
      'é',
      'ß',
      '\ue000',
      '\ufffd',
      'AND',
      'OR',
      'NOT',
      'NEAR',
      'NEAR(',
      'name:',
      'pan',
      'a',
      '0',
      '²',
      'ⅷ',
      '--',
      '/*'
    ]
    const random = createRandom(7)
    const queries = [
      ...pieces,
      ...Array.from({ length: 400 }, () =>
        Array.from({ length: random.between(2, 8) }, () => random.pick(pieces)).join('')
      )
    ]
    for (const q of queries) {
      const { statusCode, body } = await app.inject({
        path: '/api/products',
        query: { q, limit: '1' }
      })
      if (statusCode !== 200) t.fail(`${JSON.stringify(q)}: ${statusCode} ${body}`)
    }
    t.equal((await app.inject('/api/products?q=%ff%fe')).statusCode, 200, 'not even UTF-8')
  })
})
