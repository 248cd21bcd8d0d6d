import type pg from 'pg'
import { CacheError, shown } from '../../errors.js'
import { loadDriver } from '../load-driver.js'

/** A query as `pg` takes it. */
export interface PostgresQuery {
  readonly text: string
  readonly values?: unknown[]
  readonly rowMode: 'array'
  readonly types: { getTypeParser (oid?: number): (text: string) => string }
}

/** A client of `pg`, as far as the store needs it. */
export interface PostgresClient {
  query(query: PostgresQuery): Promise<{ readonly rows: readonly unknown[] }>
  on(event: 'error', listener: (error: Error) => void): unknown
  on(
    event: 'notification',
    listener: (message: {
      readonly channel: string
      readonly payload?: string | undefined
    }) => void
  ): unknown
  on(event: 'end', listener: () => void): unknown
  off(event: 'error', listener: (error: Error) => void): unknown
  /** @param destroy whether it is not to be used again */
  release(destroy?: boolean): void
}

/** A `Pool` of `pg`, as far as the store needs it. */
export interface PostgresPool {
  /**
   * By a callback, which is called before the client can fail: a promise would leave a moment in
   * which nothing listens to its errors.
   */
  connect (callback: (error: Error | undefined, client: PostgresClient | undefined) => void): void
  readonly options?: { readonly max?: number | undefined }
}

/** Which Postgres a store uses: `url` or `pool`. */
export interface PostgresLocation {
  /**
   * Where Postgres is: `postgres://user:password@host:5432/database`, with what `pg` takes behind
   * it, as `?sslmode=verify-full`. The store makes a pool of five connections for it, and closes
   * it.
   */
  readonly url?: string | undefined
  /**
   * A `Pool` of `pg` 8, yours to configure and to end, once the store is closed. One of its
   * connections is the store's for as long as it is open, and the store sends so many commands at a
   * time as there are others.
   */
  readonly pool?: PostgresPool | undefined
  /**
   * Time limit of a command, in ms. The time counts from when the store has one of its connections
   * for it: before that, commands of a burst wait for each other. Default 500.
   */
  readonly commandTimeout?: number | undefined
}

/** A pool, and what ends it if it was made for a URL. */
export interface OpenPool {
  readonly pool: PostgresPool
  /** Connections for commands: all but the one that listens. */
  readonly atOnce: number
  readonly commandTimeout: number
  readonly end: () => Promise<void>
}

const COMMAND_TIMEOUT = 500
const LONGEST_TIMEOUT = 60_000
// One of them listens.
const CONNECTIONS = 5
// Milliseconds that the process may be busy at a stretch.
const BUSY = 2000

/** @throws CacheError WEIR_CACHE_INVALID_OPTION, WEIR_CACHE_MISSING_DRIVER */
export function openPool ({
  url,
  pool,
  commandTimeout = COMMAND_TIMEOUT
}: PostgresLocation): OpenPool {
  if (!(
    Number.isInteger(commandTimeout) &&
    commandTimeout >= 1 &&
    commandTimeout <= LONGEST_TIMEOUT
  )) {
    throw refused(
      `commandTimeout ${shown(commandTimeout)} is not a whole number of ms from 1 to ${LONGEST_TIMEOUT}`
    )
  }
  if (pool !== undefined && url !== undefined) {
    throw refused('Both url and pool are given: give the one that is to be used')
  }
  if (pool !== undefined) return { ...checkedPool(pool), commandTimeout, end: async () => {} }
  if (url === undefined) {
    throw refused(
      'There is no Postgres to talk to: give { url: "postgres://user:password@host:5432/database" }, or { pool } made by pg 8'
    )
  }
  const { Pool } = loadDriver('pg') as typeof pg
  const own = new Pool({
    connectionString: checkedUrl(url),
    max: CONNECTIONS,
    // The store gives up first. A timer of the pool would end an attempt after a busy moment: it
    // fires before the sockets are read.
    connectionTimeoutMillis: commandTimeout + BUSY,
    // Connections are kept: a new one costs more than a hundred reads.
    idleTimeoutMillis: 0,
    keepAlive: true,
    fallback_application_name: 'weir'
  })
  // Of a connection that nothing is asked on. The next command gets another.
  own.on('error', () => {})
  return { pool: own, atOnce: CONNECTIONS - 1, commandTimeout, end: () => own.end() }
}

function checkedPool (pool: PostgresPool): Pick<OpenPool, 'pool' | 'atOnce'> {
  if (typeof pool !== 'object' || pool === null || typeof pool.connect !== 'function') {
    throw refused(`pool: ${shown(pool)} is none that is known: give a Pool of pg 8`)
  }
  const { max = CONNECTIONS } = pool.options ?? {}
  if (max < 2) {
    throw refused(
      `pool: it has room for ${max} connection, and the store keeps one to listen: give it a max of at least 2`
    )
  }
  return { pool, atOnce: max - 1 }
}

/** The text of a URL may have a password in it, so it is not shown. */
function checkedUrl (url: string): string {
  const wrong = (what: string) =>
    refused(`The url must look like postgres://user:password@host:5432/database, but ${what}`)
  if (typeof url !== 'string' || url === '') throw wrong('there is none')
  const [, scheme] = /^([a-z][a-z\d+.-]*:)\/\//i.exec(url) ?? []
  if (scheme === undefined) throw wrong('this is no URL')
  if (scheme !== 'postgres:' && scheme !== 'postgresql:') throw wrong(`it begins with ${scheme}//`)
  if (/[\s\p{Cc}]/u.test(url)) {
    throw wrong('it has white space in it, or a control character: remove it, or write it as %20')
  }
  try {
    decodeURIComponent(url)
  } catch {
    throw wrong('a % in it is not an encoded character')
  }
  return url
}

const refused = (what: string) =>
  new CacheError('WEIR_CACHE_INVALID_OPTION', `postgresStore: ${what}`)
