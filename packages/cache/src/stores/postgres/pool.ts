import type pg from 'pg'
import { CacheError, shown } from '../../errors.js'
import { loadDriver } from '../load-driver.js'

/** A query in the form that `pg` accepts. */
export interface PostgresQuery {
  readonly text: string
  readonly values?: unknown[]
  readonly rowMode: 'array'
  readonly types: { getTypeParser (oid?: number): (text: string) => string }
}

/** The part of a `pg` client that the store uses. */
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
  /** @param destroy whether to close the connection */
  release(destroy?: boolean): void
}

/** The part of a `pg` `Pool` that the store uses. */
export interface PostgresPool {
  /**
   * Connects with a callback, which runs before the client can fail: with a promise there would be
   * a moment in which its errors have no listener.
   */
  connect (callback: (error: Error | undefined, client: PostgresClient | undefined) => void): void
  readonly options?: { readonly max?: number | undefined }
}

/** The Postgres server of a store: `url` or `pool`. */
export interface PostgresLocation {
  /**
   * Address of Postgres: `postgres://user:password@host:5432/database`, with parameters that `pg`
   * supports, such as `?sslmode=verify-full`.
   *
   * The store creates a pool of five connections for it, and closes it.
   */
  readonly url?: string | undefined
  /**
   * A `Pool` of `pg` 8 that you configure, and end after closing the store.
   *
   * The store keeps one of its connections for as long as it is open, and sends as many commands
   * concurrently as there are others.
   */
  readonly pool?: PostgresPool | undefined
  /**
   * Command timeout in ms. The time starts when the command gets one of the store's connections,
   * after earlier commands of a burst. Default 500.
   */
  readonly commandTimeout?: number | undefined
}

/** A pool, and the function that closes it if it was created for a URL. */
export interface OpenPool {
  readonly pool: PostgresPool
  /** Connections for commands: all except the one that listens. */
  readonly atOnce: number
  readonly commandTimeout: number
  readonly end: () => Promise<void>
}

const COMMAND_TIMEOUT = 500
const LONGEST_TIMEOUT = 60_000
// One of the connections listens.
const CONNECTIONS = 5
// Milliseconds that the process may be busy without a break.
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
    throw refused('Both url and pool are set: use only one of them')
  }
  if (pool !== undefined) return { ...checkedPool(pool), commandTimeout, end: async () => {} }
  if (url === undefined) {
    throw refused(
      'No Postgres is configured: use { url: "postgres://user:password@host:5432/database" }, or { pool } with a Pool of pg 8'
    )
  }
  const { Pool } = loadDriver('pg') as typeof pg
  const own = new Pool({
    connectionString: checkedUrl(url),
    max: CONNECTIONS,
    // The store times out first. After a busy moment a timer of the pool would end a connection
    // attempt, because timers fire before sockets are read.
    connectionTimeoutMillis: commandTimeout + BUSY,
    // Connections stay open: a new one costs more than a hundred reads.
    idleTimeoutMillis: 0,
    keepAlive: true,
    fallback_application_name: 'weir'
  })
  // Ignore errors of idle connections. The next command gets another connection.
  own.on('error', () => {})
  return { pool: own, atOnce: CONNECTIONS - 1, commandTimeout, end: () => own.end() }
}

function checkedPool (pool: PostgresPool): Pick<OpenPool, 'pool' | 'atOnce'> {
  if (typeof pool !== 'object' || pool === null || typeof pool.connect !== 'function') {
    throw refused(`pool: ${shown(pool)} is not a known pool: use a Pool of pg 8`)
  }
  const { max = CONNECTIONS } = pool.options ?? {}
  if (max < 2) {
    throw refused(
      `pool: it has room for ${max} connection, and the store needs one to listen: set its max to at least 2`
    )
  }
  return { pool, atOnce: max - 1 }
}

/** The text of a URL may contain a password, so messages do not show it. */
function checkedUrl (url: string): string {
  const wrong = (what: string) =>
    refused(`The url must look like postgres://user:password@host:5432/database, but ${what}`)
  if (typeof url !== 'string' || url === '') throw wrong('it is missing')
  const [, scheme] = /^([a-z][a-z\d+.-]*:)\/\//i.exec(url) ?? []
  if (scheme === undefined) throw wrong('it is not a URL')
  if (scheme !== 'postgres:' && scheme !== 'postgresql:') throw wrong(`it begins with ${scheme}//`)
  if (/[\s\p{Cc}]/u.test(url)) {
    throw wrong('it contains white space or a control character: remove it, or write it as %20')
  }
  try {
    decodeURIComponent(url)
  } catch {
    throw wrong('it contains a % that does not encode a character')
  }
  return url
}

const refused = (what: string) =>
  new CacheError('WEIR_CACHE_INVALID_OPTION', `postgresStore: ${what}`)
