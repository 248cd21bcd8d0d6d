import { findPostgres, startPostgres, type TestPostgres } from '@weir/internal/testing'
import pg from 'pg'
import type { Test } from 'tap'
import type { Store } from '../src/index.js'
import { postgresStore, type PostgresStoreOptions } from '../src/stores/postgres/index.js'
import { numberOfNamespace, idOf } from '../src/stores/postgres/names.js'
import type { StorePlace } from './store-place.js'

let places = 0

/** A Postgres for the tests of a file. */
export function startServer (t: Test): Promise<TestPostgres> {
  const programs = findPostgres()
  if (programs === undefined) throw new Error('Postgres is not installed')
  return startPostgres(t, programs)
}

/** The server's URL, using its Unix socket. */
export const urlOf = ({ host, user, database }: TestPostgres): string =>
  `postgres://${user}@/${database}?host=${encodeURIComponent(host)}`

/** A pool that is closed after the test. */
export function openPool (t: Test, server: TestPostgres, options: pg.PoolConfig = {}): pg.Pool {
  const pool = new pg.Pool({ connectionString: urlOf(server), ...options })
  pool.on('error', () => {})
  t.teardown(() => pool.end())
  return pool
}

/** A prefix that is unique in the process. */
export const nextPrefix = () => `place${++places}`

/**
 * A store that is closed after the test, with a short lease and a timeout suited to a busy machine.
 */
export function openPostgres (t: Test, options: PostgresStoreOptions): Store {
  const store = postgresStore({ lease: 10, commandTimeout: 60_000, ...options })
  t.teardown(() => store.close())
  return store
}

/** A place in Postgres for the store contract, with its own tables. */
export async function postgresPlace (
  t: Test,
  server: TestPostgres,
  control: pg.Pool
): Promise<StorePlace> {
  const [url, prefix] = [urlOf(server), nextPrefix()]
  return {
    process: { kind: 'postgres', url, prefix },
    open: async (options) => openPostgres(t, { url, prefix, ...options }),
    async remaining (namespace, key) {
      const { rows } = await control.query<{ left: string }>(
        `SELECT extract(epoch FROM ends - clock_timestamp()) * 1000 AS left FROM ${prefix}_entries WHERE id = $1`,
        [idOf(namespace, 'entry', key)]
      )
      return Number(rows[0]?.left)
    },
    async setClock (namespace, clock) {
      await control.query(`UPDATE ${prefix}_namespaces SET clock = $1 WHERE ns = $2`, [
        clock,
        numberOfNamespace(namespace)
      ])
    },
    async loseRecords () {
      await control.query(`TRUNCATE ${prefix}_namespaces, ${prefix}_records`)
    }
  }
}
