import assert from 'node:assert'
import { readFile } from 'node:fs/promises'
import { readMethods, renderPage } from '#infra/tools/methods/page.js'
import {
  Cache,
  cached as cachedMethod,
  createCache,
  createCaches,
  Fill,
  valueType
} from '@weir/cache'
import { guardedStore } from '@weir/cache/guarded'
import { memcachedStore } from '@weir/cache/memcached'
import { memoryStore } from '@weir/cache/memory'
import { instrumentCache } from '@weir/cache/opentelemetry'
import { postgresStore } from '@weir/cache/postgres'
import { redisStore } from '@weir/cache/redis'
import { sqliteStore } from '@weir/cache/sqlite'
import { fakeClock, testStore } from '@weir/cache/testing'
import namedCaches from '@weir/fastify/caches'
import fragments from '@weir/fastify/fragments'
import redis from '@weir/fastify/redis'
import { startRedis } from '@weir/internal/testing'
import { createOutbox, outboxMigration, type OutboxSchema } from '@weir/outbox'
import {
  writeBehind,
  writeBehindMigration,
  type WriteBehindSchema
} from '@weir/outbox/write-behind'
import { writeThrough } from '@weir/outbox/write-through'
import { cached as cachedQuery, invalidates, tableTags, withQueryCache } from '@weir/query'
import Database from 'better-sqlite3'
import { fastify, type FastifyReply } from 'fastify'
import { Redis } from 'ioredis'
import { Kysely, sql, SqliteDialect } from 'kysely'
import t, { type Test } from 'tap'
import ts from 'typescript'
import { problemsOf, ROOT } from './support/compiled-example.js'
import { tempDir } from './support/temp-dir.js'

const methods = await readMethods(ROOT)
const examples = methods.flatMap((method) => method.examples.map((code) => ({ ...method, code })))

t.test('docs/methods.md is the output of `npm run docs:methods`', async (t) => {
  t.equal(await readFile(`${ROOT}docs/methods.md`, 'utf8'), renderPage(methods))
})

t.test('each method has an example', async (t) => {
  t.strictSame(
    methods.filter(({ examples }) => examples.length === 0).map(({ heading }) => heading),
    []
  )
  const told = methods.filter(
    ({ section, heading }) => section === 'A cache' && heading.startsWith('cache.')
  )
  const own = Object.getOwnPropertyNames(Cache.prototype).filter((name) => name !== 'constructor')
  t.strictSame(told.map(({ name }) => name).sort(), own.sort(), 'no method of a cache is left out')
})

interface Product { id: string, price: number, sold: number }
interface Shop extends OutboxSchema, WriteBehindSchema { products: Product }

const { port } = await startRedis(t)
const PRODUCT: Product = { id: '42', price: 1, sold: 7 }

/** Creates the objects that an example uses by name, on first use. */
function world (t: Test, folder: string): Readonly<Record<string, () => unknown>> {
  const made = new Map<string, unknown>()
  const once = <V>(name: string, make: () => V) => (): V => {
    if (!made.has(name)) made.set(name, make())
    return made.get(name) as V
  }
  const closed =
    <Options>(make: (options: Options) => { close(): Promise<void> }) =>
      () =>
        (options: Options) => {
          const store = make(options)
          t.teardown(() => store.close())
          return store
        }
  const stopped =
    <Options, R extends { stop(): Promise<unknown> }>(make: (options: Options) => R) =>
      (options: Options) => {
        const made = make(options)
        t.teardown(() => made.stop())
        return made
      }
  const store = once('store', () => memoryStore())
  const cache = once('cache', () => createCache<unknown>({ store: store(), namespace: 'products' }))
  const db = once('db', async () => {
    const db = new Kysely<Shop>({
      dialect: new SqliteDialect({ database: new Database(':memory:') })
    })
    t.teardown(() => db.destroy())
    for (const migration of [outboxMigration, writeBehindMigration]) await migration.up(db)
    await db.schema
      .createTable('products')
      .addColumn('id', 'text')
      .addColumn('price', 'integer')
      .addColumn('sold', 'integer')
      .execute()
    await db.insertInto('products').values(PRODUCT).execute()
    return Object.assign(db, { product: async () => PRODUCT, countries: async () => ['DE', 'FR'] })
  })
  const outbox = once('outbox', async () => {
    return stopped(createOutbox)({ db: await db(), invalidate: (tags) => cache().invalidate(tags) })
  })
  const warehouse = { send: async () => {}, stock: async () => 17 }
  const app = once('app', async () => {
    const app = Object.assign(fastify(), { view: async () => '<nav>' })
    t.teardown(() => app.close())
    await app.register(redis, { url: `redis://127.0.0.1:${port}` })
    await app.register(fragments, { cache: store() })
    return app
  })
  const reply = once('reply', async () => {
    const own = await app()
    // A reply is a thenable: it would be awaited.
    return new Promise<Pick<FastifyReply, 'fragment' | 'usedFragments'>>((resolve) => {
      own.get('/', async (_request, reply) => {
        resolve({
          fragment: (...call) => reply.fragment(...call),
          usedFragments: reply.usedFragments
        })
        return 'page'
      })
      own.inject('/').catch((error: unknown) => t.threw(error))
    })
  })
  const fill = once('fill', async () => {
    const fill = await cache().acquire('42')
    if (fill instanceof Fill) t.teardown(() => { fill.abandon() })
    return fill
  })
  const response = () => new Response('text')
  return {
    app,
    assert: () => assert,
    cache,
    cached: () => cachedMethod,
    cachedDb: async () => withQueryCache(await db(), { cache: cache(), outbox: await outbox() }),
    caches: () =>
      createCaches({
        stores: { memory: memoryStore() },
        caches: { products: { store: 'memory', ttl: '1m' } }
      }),
    cart: () => ['tea'],
    categories: () => [],
    client: once('client', () => {
      const client = new Redis(port)
      t.teardown(() => {
        client.disconnect()
      })
      return client
    }),
    clock: once('clock', () => {
      const clock = fakeClock()
      t.teardown(() => {
        clock.restore()
      })
      return clock
    }),
    console: () => ({ log () {} }),
    createCache: () => createCache,
    createCaches: () => createCaches,
    createOutbox: () => stopped(createOutbox),
    ctx: () => ({ signal: AbortSignal.timeout(60_000), stale: 'stale', options () {}, skip () {} }),
    db,
    fakeClock: () => fakeClock,
    fetch: () => async () => response(),
    fetchFeed: () => async () => 'feed',
    Fill: () => Fill,
    fill,
    guardedStore: () => guardedStore,
    id: () => '42',
    instrumentCache: () => instrumentCache,
    invalidates: () => invalidates,
    item: () => 'tea',
    load: () => cache().wrap(async (_id: string) => PRODUCT, { name: 'load', ttl: '1m' }),
    maxAgeOf: () => () => 60_000,
    memcachedStore: closed(memcachedStore),
    memoryStore: () => memoryStore,
    namedCaches: () => namedCaches,
    NodeSDK: () =>
      class {
        start () {}
      },
    outbox,
    pay: () => async () => {},
    postgresStore: closed(postgresStore),
    price: () => 2,
    product: () => PRODUCT,
    products: () => [PRODUCT],
    redisStore: closed(redisStore),
    reply,
    response: () => Object.assign(response(), { maxAge: 60, tags: [] }),
    sql: () => sql,
    sqliteStore: closed(sqliteStore),
    stock: async () =>
      stopped(writeBehind<number, Shop>)({
        db: await db(),
        outbox: await outbox(),
        name: 'stock',
        write: warehouse.send
      }),
    store,
    stores: () => ({ redis: memoryStore() }),
    tableTags: () => tableTags,
    testing: () => testStore(),
    testStore: () => testStore,
    ticket: async () => (await outbox()).queue(['product:42']),
    url: () => `${folder}/url`,
    valueType: () => valueType,
    version: async () => (await cache().getWithVersion('cart')).version,
    warehouse: () => warehouse,
    withQueryCache: () => withQueryCache,
    writeBehind: () => stopped(writeBehind<number, Shop>),
    writeThrough: () => writeThrough
  }
}

const AsyncFunction = (async () => {}).constructor as new (
  ...source: string[]
) => (...values: unknown[]) => Promise<unknown>

t.test('each example runs', async (t) => {
  const folder = await tempDir(t)
  for (const { heading, section, code } of examples) {
    await t.test(heading, async (t) => {
      const compilerOptions = { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext }
      const local = code
        .replaceAll('127.0.0.1:6379', `127.0.0.1:${port}`)
        .replaceAll('.data/', `${folder}/`)
      const { outputText } = ts.transpileModule(`const example = async () => {\n${local}\n}`, {
        compilerOptions
      })
      const names = {
        ...world(t, folder),
        ...(section === 'Queries' && { cached: () => cachedQuery })
      }
      const used = Object.entries(names).filter(([name]) =>
        new RegExp(`(?<![\\w.])${name}\\b(?!:)`).test(code) && !code.includes(`const ${name} `))
      const values = new Map<string, unknown>()
      for (const [name, make] of used) values.set(name, await Promise.resolve(make()))
      await t.resolves(
        new AsyncFunction(...values.keys(), `${outputText}\nreturn example()`)(...values.values())
      )
    })
  }
})

const PRELUDE = `
import assert from 'node:assert'
import { Cache, cached as cachedMethod, type Caches, createCache, createCaches, Fill, type FillContext, type Store, valueType, type Version, type Wrapped } from '@weir/cache'
import { guardedStore } from '@weir/cache/guarded'
import { memcachedStore } from '@weir/cache/memcached'
import { memoryStore } from '@weir/cache/memory'
import { instrumentCache } from '@weir/cache/opentelemetry'
import { postgresStore } from '@weir/cache/postgres'
import { redisStore } from '@weir/cache/redis'
import { sqliteStore } from '@weir/cache/sqlite'
import { type FakeClock, fakeClock, type TestStore, testStore } from '@weir/cache/testing'
import namedCaches from '@weir/fastify/caches'
import type {} from '@weir/fastify/fragments'
import type {} from '@weir/fastify/redis'
import { createOutbox, type Outbox, type OutboxSchema, type Ticket } from '@weir/outbox'
import { type WriteBehind, writeBehind, type WriteBehindSchema } from '@weir/outbox/write-behind'
import { writeThrough } from '@weir/outbox/write-through'
import { cached as cachedQuery, invalidates, tableTags, withQueryCache } from '@weir/query'
import type { FastifyInstance, FastifyReply } from 'fastify'
import type { Redis } from 'ioredis'
import { type Kysely, sql } from 'kysely'

declare module '@weir/fastify/caches' { interface AppCaches { products: Cache<unknown, 'ttl'> } }

interface Product { id: string, price: number, sold: number }
interface Shop extends OutboxSchema, WriteBehindSchema { products: Product }
interface Count { n: number }
declare const app: FastifyInstance & { view (name: string, data: object): Promise<string> }
declare const cart: string[]
declare const cache: Cache<any>
declare const cachedDb: Kysely<Shop>
declare const caches: Caches<{ products: { store: 'memory', ttl: '1m' } }>
declare const categories: string[]
declare const client: Redis
declare const clock: FakeClock
declare const ctx: FillContext<string>
interface Repository { product (id: string | number): Promise<Product>, countries (): Promise<string[]> }
declare const fetchFeed: () => Promise<string>
declare const fill: Fill<Product>
declare const id: string
declare const item: string
declare const load: Wrapped<(id: string) => Promise<Product>>
declare const NodeSDK: new () => { start (): void }
declare const outbox: Outbox
declare const pay: (id: string) => Promise<void>
declare const price: number
declare const product: Product
declare const products: Product[]
declare const reply: FastifyReply
declare const response: Response & { maxAge: number, tags: string[] }
declare const stock: WriteBehind<number>
declare const store: Store
declare const stores: { redis: Store }
declare const testing: TestStore
declare const ticket: Ticket
declare const url: string
declare const version: Version
declare const warehouse: { send (writes: unknown, options: object): Promise<void>, stock (id: number): Promise<number> }
`

// An example ends where its point is made.
const HARMLESS = /declared but|elements are unused|Not all code paths/

t.test('each example compiles', async (t) => {
  const wrapped = examples.map(({ section, code }) => {
    const db = /db\.(?:product|countries)\(/.test(code) ? 'Repository' : 'Kysely<Shop>'
    const cached = section === 'Queries' ? 'cachedQuery' : 'cachedMethod'
    return `void (async (db: ${db}, cached: typeof ${cached}) => {\n${code}\n})\n`
  })
  const source = PRELUDE + wrapped.join('')
  const lines = source.split('\n')
  const problems = problemsOf(source).filter((problem) => !HARMLESS.test(problem))
  t.strictSame(
    problems.map((problem) => `${problem} | ${lines[Number(/\d+/.exec(problem)?.[0]) - 1]}`),
    []
  )
})
