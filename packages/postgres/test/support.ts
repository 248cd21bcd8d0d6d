import { findPostgres, startPostgres, type TestPostgres } from '@weir/internal/testing'
import pg from 'pg'
import type { Test } from 'tap'

/** The folder with the programs of Postgres. */
export function programs (): string {
  const found = findPostgres()
  if (found === undefined) throw new Error('Postgres is not installed')
  return found
}

/** The URL of a server's Unix socket. */
export const urlOf = ({ host, user, database }: TestPostgres): string =>
  `postgres://${user}@/${database}?host=${encodeURIComponent(host)}`

/** Opens a plain connection, closed with the test. */
export async function connect (t: Test, server: TestPostgres): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: urlOf(server) })
  client.on('error', () => {})
  await client.connect()
  t.teardown(() => client.end())
  return client
}

/** Starts a primary and a standby of it. */
export async function startPair (t: Test) {
  const primary = await startPostgres(t, programs())
  const standby = await startPostgres(t, programs(), { primary })
  return { primary, standby }
}
