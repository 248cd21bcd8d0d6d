import { type FastifyInstance } from 'fastify'
import t from 'tap'
import { Type } from 'typebox'
import { Value } from 'typebox/value'
import { createRandom } from '../src/db/seed/random.js'
import { type Product } from '../src/db/schema.js'
import { sorts } from '../src/products/order.js'
import { ProductList } from '../src/products/schemas.js'
import { editor } from './support/access.js'
import { build } from './support/build.js'

type Query = Record<string, string>

/** Named parts of a cursor. */
const Parts = Type.Tuple([Type.String(), Type.String(), Type.Integer()])

async function get (app: FastifyInstance, query: Query) {
  const response = await app.inject({ path: '/api/products', query })
  if (response.statusCode !== 200) {
    throw new Error(`${JSON.stringify(query)}: ${response.statusCode} ${response.body}`)
  }
  return { page: Value.Parse(ProductList, response.json()), link: response.headers['link'] }
}

/** Returns all pages, each by the cursor of the previous one; `between` runs after each page. */
async function pageThrough (
  app: FastifyInstance,
  query: Query,
  between: (seen: readonly Product[]) => Promise<void> = async () => {}
) {
  const seen: Product[] = []
  for (let after: string | undefined; ;) {
    const { page } = await get(app, { ...query, ...(after !== undefined && { after }) })
    seen.push(...page.items)
    if (page.next === null) return seen
    after = page.next
    await between(seen)
  }
}

const { compare } = new Intl.Collator('en')
const byTime = (a: Product, b: Product) =>
  Date.parse(a.createdAt) - Date.parse(b.createdAt) || a.id - b.id
const byName = (a: Product, b: Product) => compare(a.name, b.name) || a.id - b.id
const byPrice = (a: Product, b: Product) => a.price - b.price || a.id - b.id
const inOrder = {
  newest: (a: Product, b: Product) => byTime(b, a),
  oldest: byTime,
  name: byName,
  '-name': (a: Product, b: Product) => byName(b, a),
  price: byPrice,
  '-price': (a: Product, b: Product) => byPrice(b, a)
}

t.test('pages by cursor equal those by number', async (t) => {
  const app = await build(t)
  for (const sort of sorts) {
    const query: Query = { sort, category: 'pens', limit: '7' }
    const numbered = await Promise.all(
      Array.from({ length: 36 }, (_, page) => get(app, { ...query, page: String(page + 1) }))
    )
    const seen = await pageThrough(app, query)
    t.equal(seen.length, 250)
    t.same(seen, numbered.flatMap(({ page }) => page.items), sort)
    t.same(seen, seen.toSorted(inOrder[sort]), sort)
    t.match(numbered.at(-1), {
      page: { next: null, page: 36, pages: 36, total: 250 },
      link: undefined
    })
  }
  const search = { q: 'made', minPrice: '1000', limit: '100', sort: 'name' }
  t.equal(
    (await pageThrough(app, search)).length,
    (await get(app, search)).page.total,
    'with a search'
  )
  t.equal(
    (await pageThrough(app, { limit: '100', sort: 'name' })).length,
    10_000,
    'the whole shop, beyond the deepest page'
  )
})

t.test('regardless of writes in between, each remaining product appears once', async (t) => {
  const app = await build(t)
  const random = createRandom(17)
  const names = ['Ärmel', 'Arm', 'azur', 'Zebra', 'ガラス', 'Öse', '', 'x', '"', 'Žluť']
  const write = async (method: 'POST' | 'DELETE', path: string, payload?: object) => {
    const { statusCode, body } = await app.inject({
      method,
      path,
      headers: editor,
      ...(payload && { payload })
    })
    if (statusCode >= 300) throw new Error(body)
  }
  let added = 0
  for (const sort of sorts) {
    const query: Query = { sort, category: 'cookware', limit: '47' }
    const before = await pageThrough(app, query)
    const deleted = new Set<number>()
    const seen = await pageThrough(app, query, async (seen) => {
      for (let round = 0; round < 2; round++) {
        // Includes the last product seen: the next page still begins after it.
        const gone = round === 0 ? seen.at(-1) : random.pick(before)
        if (gone !== undefined && !deleted.has(gone.id)) {
          deleted.add(gone.id)
          await write('DELETE', `/api/products/${gone.id}`)
        }
        const name = `${random.pick(names)} ${random.between(0, 3)}`
        await write('POST', '/api/products', {
          sku: `C-${added++}`,
          name,
          categoryId: 1,
          price: random.pick([0, 5_000, 4_999, 1_000_000_000])
        })
      }
    })
    t.ok(deleted.size >= 5)
    const ids = seen.map(({ id }) => id)
    t.equal(new Set(ids).size, ids.length, `${sort}: none comes twice`)
    t.same(
      before.filter(({ id }) => !deleted.has(id) && !ids.includes(id)),
      [],
      `${sort}: none is left out`
    )
    t.same(seen, seen.toSorted(inOrder[sort]), `${sort}: all are in order`)
  }
})

t.test('the Link leads to the next page', async (t) => {
  const app = await build(t)
  const { page, link } = await get(app, {
    q: 'made & every',
    category: 'coffee-and-tea',
    limit: '1'
  })
  const [, url = ''] = /^<(\/api\/products\?[^>]+)>; rel="next"$/.exec(String(link)) ?? []
  t.equal(new URL(url, 'http://catalog').searchParams.get('after'), page.next)
  const second = await app.inject(url)
  t.equal(second.statusCode, 200)
  t.notSame(second.json<{ items: unknown }>().items, page.items)
  t.match(
    (await app.inject(url)).headers,
    { 'cache-status': /; hit/, link: second.headers['link'] },
    'out of the cache too'
  )
})

t.test('a cursor is valid for its own list only', async (t) => {
  const app = await build(t)
  const refused = async (query: Query, code: string) => {
    const response = await app.inject({ path: '/api/products', query })
    t.match(
      response,
      { statusCode: 400, headers: { 'content-type': /application\/problem\+json/ } },
      JSON.stringify(query)
    )
    t.match(
      response.json(),
      { code, errors: [{ field: 'after' }] },
      `${JSON.stringify(query)} ${response.body}`
    )
  }
  const list = {
    sort: 'name',
    category: 'pens',
    q: 'ink',
    minPrice: '1',
    maxPrice: '100000',
    limit: '2'
  }
  const { page: { next: after } } = await get(app, list)
  if (after === null) throw new Error('There is no second page')

  t.equal(
    (await get(app, { ...list, after, limit: '50' })).page.limit,
    50,
    'the page may be larger'
  )
  for (const changes of [
    { sort: '-name' },
    { sort: 'price' },
    { category: 'books' },
    { q: 'in' },
    { minPrice: '2' },
    { maxPrice: '99999' }
  ]) {
    await refused({ ...list, after, ...changes }, 'CATALOG_ERR_FOREIGN_CURSOR')
  }
  await refused({ sort: 'name', after }, 'CATALOG_ERR_FOREIGN_CURSOR')

  for (const page of ['1', '2']) {
    await refused({ ...list, after, page }, 'CATALOG_ERR_PAGE_AND_AFTER')
  }
  await get(app, { ...list, after })
  await refused({ ...list, after, page: '1' }, 'CATALOG_ERR_PAGE_AND_AFTER')

  const [scope, name, id] = Value.Parse(
    Parts,
    JSON.parse(Buffer.from(after, 'base64url').toString())
  )
  const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
  t.equal(encode([scope, name, id]), after)
  const forged = [
    [scope, 7, id],
    [scope, null, id],
    [scope, name, 1.5],
    [scope, name, '1'],
    [scope, name],
    [scope, name, id, 1],
    [scope],
    {},
    null,
    0,
    'x',
    []
  ]
  for (const parts of forged) {
    await refused({ ...list, after: encode(parts) }, 'CATALOG_ERR_BAD_CURSOR')
  }
  for (const text of [
    'x',
    '0',
    'null',
    `${after}=`,
    ` ${after}`,
    `${after}A`,
    after.slice(0, -1),
    '\0',
    'é',
    Buffer.from(after, 'base64url').toString()
  ]) {
    await refused({ ...list, after: text }, 'CATALOG_ERR_BAD_CURSOR')
  }
  await refused({ ...list, after: '' }, 'FST_ERR_VALIDATION')
  await refused({ ...list, after: 'x'.repeat(2_049) }, 'FST_ERR_VALIDATION')
  const random = createRandom(17)
  for (let round = 0; round < 500; round++) {
    const at = random.between(0, after.length - 1)
    const other = random.pick(Array.from('ABCxyz019-_ .é'))
    if (after[at] === other) continue
    const response = await app.inject({
      path: '/api/products',
      query: { ...list, after: after.slice(0, at) + other + after.slice(at + 1) }
    })
    // Changed names and ids are valid positions, too.
    if (response.statusCode !== 400 && response.statusCode !== 200) t.fail(response.body)
  }
})

t.test('the longest names fit into a cursor', async (t) => {
  const app = await build(t)
  for (const character of ['\u0001', '𠮷', '"', '界', '!']) {
    const name = `!${character.repeat(199)}`
    for (const copy of [1, 2]) {
      const payload = {
        sku: `L-${character.codePointAt(0)}-${copy}`,
        name,
        categoryId: 1,
        price: 1_000_000_000
      }
      const { statusCode, body } = await app.inject({
        method: 'POST',
        path: '/api/products',
        headers: editor,
        payload
      })
      if (statusCode !== 201) throw new Error(body)
    }
  }
  const query = { sort: 'name', limit: '1', minPrice: '1000000000' }
  t.equal((await pageThrough(app, query)).length, 10)
})
