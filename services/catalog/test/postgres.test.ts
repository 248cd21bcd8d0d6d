import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import t from 'tap'
import { databaseOf, loadEnv } from '@weir/fastify/service'
import { Random } from '@weir/internal/testing'
import { listCategories } from '../src/categories/store.js'
import { openCatalog } from '../src/db/open.js'
import { catalogEnv, DATABASE_FILE } from '../src/env.js'
import { importFile } from '../src/import/import-file.js'
import { createProgress } from '../src/import/progress.js'
import { listProducts } from '../src/products/list.js'
import { sorts } from '../src/products/order.js'
import { editor } from './support/access.js'
import { build } from './support/build.js'
import { checkConcurrentWrites } from './support/concurrent-writes.js'
import { place } from './support/place.js'
import { startShops } from './support/postgres.js'
import { startProgram } from './support/process.js'
import { twoProducts } from './support/shop.js'

const shops = await startShops(t)
place.databaseIn = shops.shopIn

t.test('one setting selects the database, and a wrong one names the remedy', async (t) => {
  const env = (DATABASE_URL: string) => loadEnv(catalogEnv, { DATABASE_URL, DATA_DIR: '/data' })
  for (const [url, location] of [
    ['', '/data/catalog.db'],
    ['/srv/shop.db', '/srv/shop.db'],
    ['file:///srv/my%20shop.db', '/srv/my shop.db'],
    ['file:/srv/shop.db', '/srv/shop.db'],
    ['postgres://a/b', 'postgres://a/b']
  ] as const) t.equal(databaseOf(env(url), DATABASE_FILE), location)
  for (const url of ['mysql://shop:secret@host/db', 'postgres://a/secret db']) {
    t.throws(() => env(url), { code: 'WEIR_ERR_ENV', message: /DATABASE_URL .+postgres:\/\// })
    t.throws(() => env(url), { message: /^(?!.*secret).*$/s })
  }
  await t.rejects(openCatalog('postgres://a,b/db'), {
    code: 'WEIR_POSTGRES_INVALID_OPTION', message: /several hosts/
  })
})

const FIRST = { page: 1, limit: 1, sort: 'newest' } as const

t.test('instances that start at the same instant find one complete shop', async (t) => {
  const url = await shops.newEmpty()
  const instances = await Promise.all(Array.from({ length: 8 }, () => openCatalog(url)))
  t.teardown(() => Promise.all(instances.map((instance) => instance.close())))
  for (const { read } of instances) {
    t.equal((await listProducts(read, FIRST)).total, 10_000)
    t.equal((await listCategories(read)).length, 40)
  }
})

t.test('of several processes that start at once, the one that migrates is killed', async (t) => {
  const url = await shops.newEmpty()
  const names = ['first', 'second', 'third', 'fourth']
  const processes = new Map(names.map((name) => [
    name, startProgram(t, 'test/support/seeder.js', [`${url}&application_name=${name}`])
  ]))
  const exits = names.map(async (name): Promise<unknown> => {
    const child = processes.get(name)
    return child && await once(child, 'exit')
  })
  const seeding = async () => {
    const { rows } = await shops.admin.query<{ name: string }>(
      "select application_name as name from pg_stat_activity where query like 'insert into \"products\"%' and datname = $1",
      [new URL(url.replace('@/', '@host/')).pathname.slice(1)]
    )
    return rows[0]?.name
  }
  let victim = await seeding()
  while (victim === undefined) {
    await delay(1)
    victim = await seeding()
  }
  processes.get(victim)?.kill('SIGKILL')
  const outcomes = await Promise.all(exits)
  for (const [place, name] of names.entries()) {
    t.same(outcomes[place], name === victim ? [null, 'SIGKILL'] : [0, null], name)
  }
  const database = await openCatalog(url)
  t.teardown(() => database.close())
  t.equal((await listProducts(database.read, FIRST)).total, 10_000)
  t.equal((await listCategories(database.read)).length, 40)
})

t.test('a newer schema, or tables of another program, are refused with the remedy', async (t) => {
  const newer = await shops.newShop()
  const sql = await shops.connect(newer)
  await sql.query("insert into catalog_migrations values ('0099-later', '2030-01-01')")
  await t.rejects(openCatalog(newer), {
    code: 'WEIR_POSTGRES_NEWER_SCHEMA', message: /0099-later.+run that version/
  })
  const foreign = await shops.newEmpty()
  await (await shops.connect(foreign)).query('create table products (id integer)')
  await t.rejects(openCatalog(foreign), { code: 'WEIR_POSTGRES_FOREIGN', message: /products/ })
})

t.test('a write replaces exactly what it has read in its transaction', async (t) => {
  const { read } = await checkConcurrentWrites(t, await shops.newShop())
  await t.rejects(
    read.deleteFrom('products').execute(),
    /read-only transaction/,
    'connections for reads refuse to write'
  )
})

t.test('of two writers that take the same sku or empty a category, one gets the reason', async (t) => {
  const app = await build(t)
  const mug = { sku: 'M-1', name: 'Mug', categoryId: 1, price: 1 }
  const post = (path: string, payload: object) =>
    app.inject({ method: 'POST', path, headers: editor, payload })
  const twice = await Promise.all([1, 2, 3].map(() => post('/api/products', mug)))
  t.same(twice.map(({ statusCode }) => statusCode).sort(), [201, 409, 409])
  for (let round = 0; round < 5; round++) {
    const { id } = (await post('/api/categories', { slug: `c-${round}`, name: 'C' }))
      .json<{ id: number }>()
    const outcome = await Promise.all([
      post('/api/products', { ...mug, sku: `M-2-${round}`, categoryId: id }),
      app.inject({ method: 'DELETE', path: `/api/categories/c-${round}`, headers: editor })
    ])
    const statuses = outcome.map(({ statusCode }) => statusCode)
    t.ok(['201,409', '400,204'].includes(String(statuses)), String(statuses))
  }
})

t.test('a lock that is never released is a 503 after the allowed time; reads continue', async (t) => {
  const directory = t.testdir()
  const app = await build(t, directory)
  const other = await shops.connect(await shops.shopIn(directory))
  await other.query('begin; update products set stock = 1 where id = 1')
  const patch = app.inject({
    method: 'PATCH', path: '/api/products/1', headers: editor, payload: { price: 2 }
  })
  t.equal((await app.inject('/api/products/1')).statusCode, 200)
  const refused = await patch
  t.equal(refused.statusCode, 503)
  t.match(refused.json(), { code: 'CATALOG_ERR_BUSY' })
  t.equal(refused.headers['retry-after'], '5')
  await other.query('rollback')
})

t.test('an import merges in one transaction, with the words and the order of names', async (t) => {
  const url = await shops.newShop()
  const directory = t.testdir({
    'new.csv': twoProducts,
    'changed.csv': 'sku,name,category,price\nX-1,Ärmel Mug,tableware,999\nX-2,"The ""Big"" Pot",cookware,4900\n'
  })
  const progress = createProgress(process.stderr, 'dumb')
  const quiet = { ...progress, start () {}, advance () {}, stop () {}, write () {} }
  t.match(await importFile(`${directory}/new.csv`, url, quiet), { added: 2, updated: 0 })
  t.match(
    await importFile(`${directory}/changed.csv`, url, quiet),
    { added: 0, updated: 1, unchanged: 1 }
  )
  const database = await openCatalog(url)
  t.teardown(() => database.close())
  const named = async (q: string) =>
    (await listProducts(database.read, { ...FIRST, limit: 10, q })).items.map(({ sku }) => sku)
  t.same(await named('armel lasts'), ['X-1'], 'the new name, and the description that it had')
  t.same(await named('tin mug'), ['X-1'], 'of the description')
  await t.rejects(importFile(`${directory}/new.csv`, await shops.newEmpty(), quiet), {
    code: 'CATALOG_ERR_NOT_A_CATALOG'
  })
})

t.test('NUL, which Postgres cannot store, is refused in every input with its name', async (t) => {
  const app = await build(t)
  const seed = Number(process.env['SEED'] ?? 1)
  const random = new Random(seed)
  const withNul = (text: string) => {
    const place = random.integer(0, text.length)
    return `${text.slice(0, place)}\0${text.slice(place)}`
  }
  const product = { sku: 'N-1', name: 'a b', categoryId: 1, price: 1, description: 'c', currency: 'EUR' }
  const category = { slug: 'n-1', name: 'a b', description: 'c' }
  const texts = (body: Record<string, unknown>, method: 'POST' | 'PUT' | 'PATCH', path: string) =>
    Object.entries(body).flatMap(([field, value]) => typeof value === 'string'
      ? [{ field, request: { method, path, payload: { ...body, [field]: withNul(value) } } }]
      : [])
  const query = { category: 'pens', q: 'ink', sort: 'price', after: 'W10', page: '1', minPrice: '1' }
  for (let round = 0; round < 5; round++) {
    const inputs = [
      ...texts(product, 'POST', '/api/products'),
      ...texts(product, 'PATCH', '/api/products/1'),
      ...texts(category, 'POST', '/api/categories'),
      ...texts(category, 'PUT', '/api/categories/pens'),
      ...Object.entries(query).map(([field, value]) => ({
        field, request: { method: 'GET' as const, path: '/api/products', query: { [field]: withNul(value) } }
      })),
      ...['/api/products/1', '/api/categories/pens'].map((path) => ({
        field: 'path',
        request: {
          method: 'GET' as const, path: `/api/${path.split('/')[2]}/${encodeURIComponent(withNul('1'))}`
        }
      })),
      ...['if-match', 'if-none-match', 'x-request-id', 'accept-language', 'idempotency-key'].map((name) => ({
        field: name,
        request: {
          method: 'PATCH' as const,
          path: '/api/products/1',
          headers: { [name]: withNul('"1-1"') },
          payload: { price: 2 }
        }
      }))
    ]
    for (const { field, request } of inputs) {
      const headers = { ...editor, ...('headers' in request ? request.headers : {}) }
      const response = await app.inject({ ...request, headers })
      const what = `seed ${seed}: ${request.method} ${request.path}, ${field}: ${response.body}`
      t.ok(response.statusCode < 500, what)
      if (!['name', 'description', 'category'].includes(field)) continue
      t.equal(response.statusCode, 400, what)
      t.match(response.json(), {
        errors: [{ field, message: /without the character NUL$|not contain the character NUL$/ }]
      }, what)
    }
  }
  const long = { ...product, sku: 'N-2', description: 'ä'.repeat(4000) }
  t.equal((await app.inject({
    method: 'POST', path: '/api/products', headers: editor, payload: long
  })).statusCode, 201, 'a word of any length')
})

t.test('pages by cursor follow each other in every order', async (t) => {
  const app = await build(t)
  const list = async (query: Record<string, string>) =>
    (await app.inject({ path: '/api/products', query: { category: 'pens', ...query } }))
      .json<{ items: { id: number }[], next: string | null }>()
  for (const sort of sorts) {
    const seen: number[] = []
    for (let after: string | null = ''; after !== null;) {
      const page: Awaited<ReturnType<typeof list>> =
        await list({ sort, limit: '60', ...(after !== '' && { after }) })
      seen.push(...page.items.map(({ id }) => id))
      after = page.next
    }
    const numbered = await Promise.all(['1', '2', '3'].map((page) =>
      list({ sort, limit: '100', page })))
    t.same(seen, numbered.flatMap(({ items }) => items.map(({ id }) => id)), sort)
    t.equal(seen.length, 250)
  }
  const huge = Buffer.from(JSON.stringify(['x'.repeat(11), 2 ** 53 - 1, 2 ** 53 - 1]))
  t.equal((await app.inject({
    path: '/api/products', query: { sort: 'price', after: huge.toString('base64url') }
  })).statusCode, 400)
  t.equal((await app.inject(`/api/products/${2 ** 53 - 1}`)).statusCode, 404)
})

// The service behaves the same on both databases.
await import('./products.test.js')
await import('./categories.test.js')
await import('./list.test.js')
await import('./search.test.js')
