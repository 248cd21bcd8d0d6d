// node process.js SETTINGS: reads and writes at random, and reports what it saw over IPC, until it
// is killed or told to stop.
import { AsyncLocalStorage } from 'node:async_hooks'
import { subscribe } from 'node:diagnostics_channel'
import { setTimeout } from 'node:timers/promises'
import { Kysely, PostgresDialect, sql } from 'kysely'
import { createCache } from '@weir/cache'
import { sqliteStore } from '@weir/cache/sqlite'
import { Random, type TestPostgres } from '@weir/internal/testing'
import { createOutbox, ImmediateSqliteDialect } from '@weir/outbox'
import { tableTags, withQueryCache } from '../../src/index.js'
import { opened, poolOf, type Schema } from '../database.js'
import { idleOutbox } from '../options-for.js'
import type { Told } from './history.js'
import { type Mutant, ROWS } from './settings.js'

export interface Settings {
  readonly process: number
  readonly seed: number
  readonly cacheFile: string
  readonly database: string | TestPostgres
  readonly mutant: Mutant | undefined
}

// The parent created it.
const {
  process: name,
  seed,
  cacheFile,
  database,
  mutant
} = JSON.parse(process.argv[2] ?? '') as Settings
const random = new Random(seed)
const dialect = typeof database === 'string'
  ? new ImmediateSqliteDialect({ database: opened(database) })
  : new PostgresDialect({ pool: poolOf(database) })
const db = new Kysely<Schema>({ dialect })
const cache = createCache({ store: sqliteStore({ file: cacheFile }), namespace: 'queries' })
const outbox = createOutbox({
  db,
  namespace: 'queries',
  pollInterval: 100,
  invalidate: (tags) => cache.invalidate(tags)
})
await outbox.start()
const cachedDb = withQueryCache(db, {
  cache,
  outbox: mutant === undefined ? outbox : idleOutbox,
  primaryKeys: { products: 'id' },
  ttl: '1m'
})

const now = () => Number(process.hrtime.bigint()) / 1e6
const tell = (told: Told) => { if (process.connected) process.send?.(told, () => {}) }
const row = () => random.integer(1, ROWS)

const within = new AsyncLocalStorage<{ isBypass: boolean }>()
subscribe('weir:query:bypass', () => {
  const read = within.getStore()
  if (read !== undefined) read.isBypass = true
})

const QUERIES = {
  row: (db: Kysely<Schema>) =>
    db.selectFrom('products').select(['id', 'price']).where('id', '=', row()),
  rows: (db: Kysely<Schema>) =>
    db.selectFrom('products').select(['id', 'price']).where('id', 'in', [row(), row()]),
  named: (db: Kysely<Schema>) =>
    db
      .selectFrom(sql<{ id: number; price: number }>`${sql.id('products')}`.as('x'))
      .select(['x.id', 'x.price']),
  all: (db: Kysely<Schema>) => db.selectFrom('products').select(['id', 'price']).orderBy('id'),
  joined: (db: Kysely<Schema>) =>
    db
      .selectFrom('categories')
      .innerJoin('products as p', 'p.category_id', 'categories.id')
      .select(['p.id', 'p.price'])
      .where('categories.id', '=', random.integer(1, 2)),
  CTE: (db: Kysely<Schema>) =>
    db
      .with('x', (qb) => qb.selectFrom('products').select(['id', 'price']).where('id', '>', row()))
      .selectFrom('x')
      .selectAll()
} as const

async function read () {
  const query = random.pick<keyof typeof QUERIES>([
    'row',
    'row',
    'row',
    'rows',
    'named',
    'all',
    'joined',
    'CTE'
  ])
  const state = { isBypass: false }
  const began = now()
  const rows = await within.run(state, () => QUERIES[query](cachedDb).execute())
  tell({
    type: 'read',
    process: name,
    query,
    began,
    ended: now(),
    rows: Object.fromEntries(rows.map(({ id, price }) => [id, price])),
    ...state
  })
}

/** Like other caches: after the statement, its results are invalidated at once. */
const ended = () =>
  mutant === 'after-statement' ? cache.invalidate(tableTags('products')) : undefined

const raise = (db: Kysely<Schema>, id: number) =>
  db
    .updateTable('products')
    .set((eb) => ({ price: eb('price', '+', 1) }))
    .where('id', '=', id)
    .returning('price')
    .executeTakeFirstOrThrow()

class RolledBack extends Error {}

async function write () {
  const id = row()
  const way = random.pick<'statement' | 'commit' | 'rollback' | 'savepoint'>([
    'statement',
    'commit',
    'commit',
    'commit',
    'rollback',
    'savepoint'
  ])
  let version = 0
  if (way === 'statement') {
    version = (await raise(cachedDb, id)).price
    await ended()
  } else if (way === 'savepoint') {
    const trx = await cachedDb.startTransaction().execute()
    version = (await raise(trx, id)).price
    await ended()
    const saved = await trx.savepoint('here').execute()
    await raise(saved, id)
    await saved.rollbackToSavepoint('here').execute()
    await trx.commit().execute()
  } else {
    await cachedDb.transaction().execute(async (trx) => {
      version = (await raise(trx, id)).price
      await ended()
      const own = await trx
        .selectFrom('products')
        .select('price')
        .where('id', '=', id)
        .executeTakeFirstOrThrow()
      if (own.price !== version) {
        tell({
          type: 'wrong',
          what: `process ${name} read ${own.price} in the transaction that wrote ${version}`
        })
      }
      await setTimeout(random.integer(0, 3))
      if (way === 'rollback') throw new RolledBack()
    }).catch((error: unknown) => { if (!(error instanceof RolledBack)) throw error })
    if (way === 'rollback') return
  }
  tell({ type: 'write', process: name, row: id, version, acknowledged: now() })
}

const end = new AbortController()
process.once('message', () => { end.abort() })
process.once('disconnect', () => { end.abort() })

async function lane () {
  while (!end.signal.aborted) {
    await (random.next() < 0.8 ? read() : write())
    await setTimeout(random.integer(0, 2))
  }
}

tell({ type: 'ready' })
await Promise.all([lane(), lane(), lane()])
await outbox.stop()
await db.destroy()
process.exit()
