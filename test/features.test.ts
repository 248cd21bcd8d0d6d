import { subscribe } from 'node:diagnostics_channel'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Cache, createCache, createCaches, type Store } from '@weir/cache'
import { memcachedStore } from '@weir/cache/memcached'
import { memoryStore } from '@weir/cache/memory'
import { instrumentCache } from '@weir/cache/opentelemetry'
import { postgresStore } from '@weir/cache/postgres'
import { redisStore } from '@weir/cache/redis'
import { sqliteStore } from '@weir/cache/sqlite'
import { fakeClock } from '@weir/cache/testing'
import cacheControl from '@weir/fastify/cache-control'
import fragments from '@weir/fastify/fragments'
import invalidation from '@weir/fastify/invalidation'
import rateLimit from '@weir/fastify/rate-limit'
import responseCache from '@weir/fastify/response-cache'
import { findPostgres, startMemcached, startPostgres, startRedis } from '@weir/internal/testing'
import { memoryStore as limiterStore } from '@weir/limiter'
import { createOutbox, outboxMigration, type OutboxSchema } from '@weir/outbox'
import {
  writeBehind,
  writeBehindMigration,
  type WriteBehindSchema
} from '@weir/outbox/write-behind'
import { writeThrough } from '@weir/outbox/write-through'
import { cached, withQueryCache } from '@weir/query'
import Database from 'better-sqlite3'
import { fastify, type InjectOptions } from 'fastify'
import { Kysely, SqliteDialect } from 'kysely'
import t, { type Test } from 'tap'
import ts from 'typescript'
import { problemsOf, ROOT } from './support/compiled-example.js'
import { tempDir } from './support/temp-dir.js'

interface Row {
  readonly feature: string
  readonly code: string
}

const page = await readFile(`${ROOT}docs/features.md`, 'utf8')
const rows: readonly Row[] = page.split('\n').flatMap((line) => {
  const [, feature = '', code = ''] = /^\| ([^|`]+) \|[^|]*\| `([^`]+)` \|$/.exec(line) ?? []
  return feature === '' ? [] : [{ feature, code }]
})

interface Shop extends OutboxSchema, WriteBehindSchema {
  products: { id: number, price: number }
}

/** The objects that the lines of the page use, by name. */
async function world (t: Test) {
  const folder = await tempDir(t)
  const [{ port }, { address }, postgres] = await Promise.all([
    startRedis(t),
    startMemcached(t),
    startPostgres(t, findPostgres() ?? '')
  ])
  const db = new Kysely<Shop>({
    dialect: new SqliteDialect({ database: new Database(':memory:') })
  })
  await outboxMigration.up(db)
  await writeBehindMigration.up(db)
  await db.schema
    .createTable('products')
    .addColumn('id', 'integer', (column) => column.primaryKey())
    .addColumn('price', 'integer')
    .execute()
  await db.insertInto('products').values({ id: 1, price: 1 }).execute()
  const store = sqliteStore({ file: join(folder, 'cache.db') })
  const cache = createCache({ store, namespace: 'values' })
  const queries = createCache({ store, namespace: 'queries' })
  const outbox = createOutbox({
    db,
    invalidate: (tags) => Promise.all([cache.invalidate(tags), queries.invalidate(tags)])
  })
  await outbox.start()
  // Stores created by a line are closed with the others.
  const made: Store[] = []
  const closed = <Options>(make: (options: Options) => Store) => (options: Options) => {
    const store = make(options)
    made.push(store)
    return store
  }
  const calls: string[] = []
  const load = async (id: string, _other?: unknown) => {
    calls.push(id)
    return `loaded ${id}`
  }
  const app = fastify()
  const pages = memoryStore()
  await app.register(rateLimit, {
    store: limiterStore(),
    namespace: 'features',
    instances: 1,
    limit: 1000,
    window: '1s'
  })
  await app.register(cacheControl)
  await app.register(responseCache, { store: pages, name: 'features' })
  await app.register(fragments)
  await app.register(invalidation)
  t.teardown(async () => {
    await app.close()
    await outbox.stop()
    await Promise.all([store, ...made].map((each) => each.close()))
    await db.destroy()
  })
  return {
    cache,
    product: cache.wrap(load, { name: 'product', key: (id) => [id], ttl: '1m' }),
    load,
    find: async (_id: string) => undefined,
    calls,
    app,
    render: async () => `rendered ${calls.push('page')}`,
    changedAt: new Date('2026-01-02T00:00:00Z'),
    db,
    cachedDb: withQueryCache(db, { cache: queries, outbox, primaryKeys: { products: 'id' } }),
    outbox,
    save: async (trx: Kysely<Shop>, price: number) =>
      trx.updateTable('products').set({ price }).where('id', '=', 1).execute(),
    send: async () => {},
    events: [] as unknown[],
    file: join(folder, 'file.db'),
    url: `redis://127.0.0.1:${port}`,
    postgresUrl: `postgres://${postgres.user}@/${postgres.database}?host=${encodeURIComponent(postgres.host)}`,
    servers: [address],
    cached,
    createCache,
    createCaches,
    fakeClock,
    instrumentCache,
    memcachedStore: closed(memcachedStore),
    memoryStore,
    postgresStore: closed(postgresStore),
    redisStore: closed(redisStore),
    sqliteStore: closed(sqliteStore),
    subscribe,
    writeBehind,
    writeThrough
  }
}

type World = Awaited<ReturnType<typeof world>>
type Show = (t: Test, result: unknown, world: World) => unknown

const is = (expected: unknown): Show => (t, result) => t.strictSame(result, expected)
/** Whether two requests are answered by one run of the handler, the second by a hit. */
const views =
  (url: string, expected: boolean, headers: InjectOptions['headers'] = {}): Show =>
    async (t, _result, { app }) => {
      const [first, second] = [
        await app.inject({ url, headers }),
        await app.inject({ url, headers })
      ]
      t.strictSame(
        [first.statusCode, second.statusCode, second.body === first.body],
        [200, 200, expected]
      )
    }
const said = (url: string, name: string, expected: RegExp): Show => async (t, _result, { app }) =>
  t.match((await app.inject(url)).headers[name], expected)
/** Checks that a cache on a store of its own stores a value. */
const keeps: Show = async (t, result) => {
  const made = result as Cache<unknown>
  await made.set('key', { some: ['value'] }, { ttl: '1m' })
  made.evict('key')
  t.strictSame(await made.get('key'), { some: ['value'] })
}

/** A check per line of the page. They run in the order of the page. */
const shows: Readonly<Record<string, Show>> = {
  write: is(true),
  read: is('hello'),
  presence: is(true),
  'time left': (t, left) => t.ok(Number(left) > 299_000 && Number(left) <= 300_000),
  'new lifetime': async (t, result, { cache }) =>
    t.ok(result === true && Number(await cache.ttl('greeting')) > 3_599_000),
  'write if absent': is(false),
  'read and delete': async (t, result, { cache }) =>
    t.strictSame([result, await cache.get('greeting')], ['hello', undefined]),
  'write without expiry': async (t, _result, { cache }) =>
    t.equal(await cache.ttl('countries'), Infinity),
  delete: async (t, _result, { cache }) => t.equal(await cache.get('countries'), undefined),
  'read or compute': async (t, result, { cache }) =>
    t.strictSame([result, await cache.get('product:1')], ['loaded 1', 'loaded 1']),
  'cached absence': async (t, result, { cache }) =>
    t.strictSame([result, await cache.has('product:9')], [undefined, true]),
  'stale while revalidating': is('loaded feed'),
  'stale on error': is('loaded prices'),
  timeouts: is('loaded slow'),
  'refresh before expiry': is('loaded top'),
  'lifetime from the value': async (t, _result, { cache }) =>
    t.ok(Number(await cache.ttl('token')) <= 300_000),
  'skip storing': async (t, result, { cache }) =>
    t.strictSame([result, await cache.has('draft')], ['loaded draft', false]),
  'several at once: write': is([true, true]),
  'several at once: read': is([1, 2, undefined]),
  'several at once: delete': async (t, _result, { cache }) =>
    t.strictSame(await cache.getMany(['a', 'b']), [undefined, undefined]),
  'count up': is(5),
  'count down': is(4),
  'compare and set': async (t, result, { cache }) =>
    t.strictSame([result, await cache.get('cart')], [true, ['book']]),
  tags: async (t, _result, { cache }) =>
    t.strictSame(await cache.getMany(['product:1', 'feed']), [undefined, 'loaded feed']),
  warm: (t, summary) => t.match(summary, { done: 2, filled: 2, failed: 0 }),
  'clear everything': async (t, _result, { cache }) =>
    t.strictSame(await cache.getMany(['1', 'feed', 'views']), [undefined, undefined, undefined]),
  memoize: async (t, result, { calls }) => {
    const loaded = result as World['load']
    const before = calls.length
    t.strictSame(
      [await loaded('7'), await loaded('7'), calls.length - before],
      ['loaded 7', 'loaded 7', 1]
    )
  },
  'forget one call': callsAgain,
  'forget all calls': callsAgain,
  memory: keeps,
  'files and databases': keeps,
  Redis: keeps,
  Postgres: keeps,
  Memcached: keeps,
  'several backends': async (t, result) => {
    const caches = result as {
      readonly products: Cache<unknown, 'ttl'>
      readonly flags: Cache<unknown, 'ttl'>
      close(): Promise<void>
    }
    await caches.products.set('1', 'bread')
    await caches.flags.set('beta', true)
    t.strictSame([await caches.products.get('1'), await caches.flags.get('beta')], ['bread', true])
    await caches.close()
  },
  compression: keeps,
  serializers: keeps,
  'cached view': views('/view', true),
  'vary by header': async (t, _result, { app }) => {
    const ask = async (language: string) =>
      (await app.inject({ url: '/language', headers: { 'accept-language': language } })).body
    const [de, en] = [await ask('de'), await ask('en')]
    t.not(de, en)
    t.strictSame([await ask('de'), await ask('en')], [de, en])
  },
  'skip some requests': views('/preview', false, { 'x-preview': '1' }),
  'skip some responses': views('/filtered', false),
  'refresh by request': async (t, _result, { app }) => {
    const ask = async (url: string, headers = {}) => (await app.inject({ url, headers })).body
    const first = await ask('/refreshed')
    t.equal(await ask('/refreshed?refresh=1'), first, 'not for everybody')
    const second = await ask('/refreshed?refresh=1', { 'x-editor': '1' })
    t.not(second, first)
    t.equal(await ask('/refreshed'), second)
  },
  'invalidated by a write': views('/list', true),
  'a write that invalidates views': async (t, _result, { app }) => {
    const before = (await app.inject('/list')).body
    t.equal((await app.inject({ method: 'POST', url: '/list' })).statusCode, 200)
    t.not((await app.inject('/list')).body, before)
  },
  fragment: views('/menu', true),
  'static page': said('/app.3f2a.js', 'cache-control', /immutable/),
  'conditional page': async (t, _result, { app, changedAt }) => {
    const headers = { 'if-modified-since': changedAt.toUTCString() }
    t.equal((await app.inject({ url: '/post', headers })).statusCode, 304)
  },
  'never cached': said('/secret', 'cache-control', /no-store/),
  'rate limit': async (t, _result, { app }) => {
    const statuses: number[] = []
    for (let i = 0; i < 3; i++) statuses.push((await app.inject('/limited')).statusCode)
    t.strictSame(statuses, [200, 200, 429])
  },
  'cached query': is([{ id: 1, price: 1 }]),
  'a write that invalidates results': async (t, _result, { cachedDb }) =>
    t.strictSame(
      await cachedDb
        .selectFrom('products')
        .selectAll()
        .$call(cached({ ttl: '1m' }))
        .execute(),
      [{ id: 1, price: 2 }]
    ),
  "in the write's transaction": async (t, ticket, { outbox }) =>
    t.equal(
      await outbox.deliver(ticket as Awaited<ReturnType<World['outbox']['add']>>),
      'delivered'
    ),
  'cache-aside': async (t, _result, { cache }) =>
    t.equal(await cache.get('product:2'), 'loaded 2'),
  'read-through': is('loaded 3'),
  'write-through': async (t, result, { cache, db }) => {
    const saved = await (result as (price: number) => Promise<{ outcome: string }>)(7)
    t.equal(saved.outcome, 'delivered')
    t.equal((await db.selectFrom('products').select('price').executeTakeFirstOrThrow()).price, 7)
    t.equal(await cache.get('product:1'), 'loaded 1', 'the next read is a hit')
  },
  'write-behind': async (t, result) => {
    const stock = result as ReturnType<typeof writeBehind<number, Shop>>
    await stock.put('1', 17)
    t.equal(await stock.pending(), 1)
    stock.start()
    await stock.stop()
    t.equal(await stock.pending(), 0)
  },
  events: async (t, _result, { cache, events }) => {
    await cache.invalidate(['seen'])
    t.match(events.at(-1), { namespace: 'values', tags: ['seen'] })
  },
  counts: (t, stats) => t.match(stats, { hits: { l1: Number }, misses: Number }),
  'inspect a key': (t, inspected) =>
    t.match(inspected, { store: { entry: { value: 'loaded 3' }, valid: true } }),
  'list keys': (t, page) => t.match(page, { keys: Array, cursor: undefined }),
  OpenTelemetry: (t, stop) => {
    t.type(stop, 'function')
    ;(stop as () => void)()
  },
  'fake clock': async (t, result, { cache }) => {
    const clock = result as ReturnType<typeof fakeClock>
    try {
      await cache.set('brief', 1, { ttl: '1m' })
      await clock.advance('61s')
      t.equal(await cache.get('brief'), undefined)
    } finally {
      clock.restore()
    }
  }
}

async function callsAgain (t: Test, _result: unknown, { product, calls }: World) {
  const before = calls.length
  await product('1')
  t.equal(calls.length, before + 1)
}

const AsyncFunction = (async () => {}).constructor as new (
  ...source: string[]
) => (...values: unknown[]) => Promise<unknown>

/** Runs a line, which may contain types, with the members of the world as variables. */
async function run (code: string, world: World): Promise<unknown> {
  const compilerOptions = { target: ts.ScriptTarget.ES2023, module: ts.ModuleKind.ESNext }
  const { outputText } = ts.transpileModule(`const line = async () => (${code})`, {
    compilerOptions
  })
  return new AsyncFunction(...Object.keys(world), `${outputText}; return line()`)(
    ...Object.values(world)
  )
}

t.test('each feature works by its line of code', async (t) => {
  t.strictSame(
    rows.map(({ feature }) => feature),
    Object.keys(shows),
    'each line is shown, in their order'
  )
  const made = await world(t)
  const http = rows.filter(({ code }) => code.startsWith('app.'))
  // Routes are declared before the first request.
  for (const { code } of http) await run(code, made)
  for (const row of rows) {
    await t.test(row.feature, async (t) => {
      await shows[row.feature]?.(
        t,
        http.includes(row)
          ? undefined
          : await run(
            row.code,
            row.feature === 'Postgres' ? { ...made, url: made.postgresUrl } : made
          ),
        made
      )
    })
  }
})

t.test('each line compiles as written', async (t) => {
  const prelude = `
import { subscribe } from 'node:diagnostics_channel'
import { type Cache, createCache, createCaches, type Wrapped } from '@weir/cache'
import { memcachedStore } from '@weir/cache/memcached'
import { memoryStore } from '@weir/cache/memory'
import { instrumentCache } from '@weir/cache/opentelemetry'
import { postgresStore } from '@weir/cache/postgres'
import { redisStore } from '@weir/cache/redis'
import { sqliteStore } from '@weir/cache/sqlite'
import { fakeClock } from '@weir/cache/testing'
import type {} from '@weir/fastify/cache-control'
import type {} from '@weir/fastify/fragments'
import type {} from '@weir/fastify/invalidation'
import type {} from '@weir/fastify/rate-limit'
import type {} from '@weir/fastify/response-cache'
import type { Outbox, OutboxSchema } from '@weir/outbox'
import { writeBehind, type WriteBehindSchema } from '@weir/outbox/write-behind'
import { writeThrough } from '@weir/outbox/write-through'
import { cached } from '@weir/query'
import type { FastifyInstance } from 'fastify'
import type { Kysely } from 'kysely'

interface Shop extends OutboxSchema, WriteBehindSchema { products: { id: number, price: number } }
declare const cache: Cache<unknown>
declare const load: (id: string, signal?: unknown) => Promise<string>
declare const find: (id: string) => Promise<string | undefined>
declare const product: Wrapped<(id: string) => Promise<string>>
declare const app: FastifyInstance
declare const render: () => Promise<string>
declare const changedAt: Date
declare const db: Kysely<Shop>
declare const cachedDb: Kysely<Shop>
declare const outbox: Outbox
declare const save: (trx: Kysely<Shop>, price: number) => Promise<unknown>
declare const send: () => Promise<void>
declare const events: unknown[]
declare const file: string
declare const url: string
declare const servers: readonly string[]
`
  t.strictSame(
    problemsOf(prelude + rows.map(({ code }) => `void (async () => { ${code} })\n`).join('')),
    []
  )
})
