import { setTimeout as delay } from 'node:timers/promises'
import {
  isConflict,
  migrateTogether,
  openPool,
  openReadPool,
  type PoolOptions
} from '@weir/postgres'
import { CamelCasePlugin, Kysely, PostgresDialect, type PostgresPool } from 'kysely'
import { CATALOG_ERR_BUSY, databaseUnavailable } from '../errors.js'
import { type CatalogDatabase } from './open.js'
import { postgresMigrations } from './postgres-migrations.js'
import { type CatalogSchema } from './schema.js'
import { seed } from './seed/seed.js'

/** Milliseconds that a start, or an import, waits for another process. */
const PREPARE_TIMEOUT = 60_000
/** Milliseconds that a write waits for its turn. */
const WRITE_TIMEOUT = 5_000
/** Longest pause in milliseconds before a write that conflicted with another one runs again. */
const PAUSE = 20
/** Repetitions of a write whose conflict may be no conflict, but an error of its own. */
const REPETITIONS = 100
const LOCK_NOT_AVAILABLE = '55P03'

/** Milliseconds that a replica may take before the primary is read. */
const REPLICA_TIMEOUT = 1_000

const open = (options: PoolOptions) => openPool({ unavailable: databaseUnavailable, ...options })

const connect = (pool: PostgresPool) =>
  new Kysely<CatalogSchema>({
    dialect: new PostgresDialect({ pool }),
    plugins: [new CamelCasePlugin()]
  })

/** Opens the catalog in a Postgres that any number of instances may share. */
export async function openPostgresCatalog (
  url: string,
  replicas: readonly string[]
): Promise<CatalogDatabase> {
  await (await openPostgresWriter(url)).destroy()
  const writer = connect(open({ url, timeout: WRITE_TIMEOUT }))
  const primary = open({ url, timeout: WRITE_TIMEOUT, isReadOnly: true })
  const read = connect(replicas.length === 0
    ? primary
    : openReadPool({
      primary,
      replicas: replicas.map((replica) =>
        open({ url: replica, timeout: REPLICA_TIMEOUT, isReadOnly: true }))
    }))
  return {
    read,
    async write (work) {
      const deadline = performance.now() + WRITE_TIMEOUT
      for (let attempt = 1; ; attempt++) {
        try {
          return await writer.transaction().setIsolationLevel('serializable').execute(work)
        } catch (error) {
          if (isLocked(error)) throw busy(error)
          if (!isConflict(error) || attempt === REPETITIONS) throw error
          if (performance.now() >= deadline) throw busy(error)
        }
        await delay(Math.random() * Math.min(attempt, 5) * PAUSE / 5)
      }
    },
    async close () {
      await Promise.all([read.destroy(), writer.destroy()])
    }
  }
}

/**
 * Opens one connection for long transactions; migrates and seeds first.
 * @param keepsSession whether temporary tables are used: refuses a pooler then
 */
export async function openPostgresWriter (
  url: string, keepsSession = false
): Promise<Kysely<CatalogSchema>> {
  const db = connect(open({ url, max: 1, timeout: PREPARE_TIMEOUT, keepsSession }))
  try {
    await migrateTogether(db, {
      name: 'catalog',
      migrations: postgresMigrations,
      timeout: PREPARE_TIMEOUT,
      async then (transaction, applied) {
        if (applied.includes('0001-products')) await seed(transaction)
      }
    })
    return db
  } catch (error) {
    await db.destroy()
    throw error
  }
}

const isLocked = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && error.code === LOCK_NOT_AVAILABLE

const busy = (cause: unknown) =>
  Object.assign(new CATALOG_ERR_BUSY({ cause }), { headers: { 'retry-after': '5' } })
