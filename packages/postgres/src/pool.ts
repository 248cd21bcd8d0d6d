import { shown, within } from '@weir/internal'
import type {
  PostgresCursor,
  PostgresPool,
  PostgresPoolClient,
  PostgresQueryResult
} from 'kysely'
import pg from 'pg'
import { isOutage, PostgresError, stateOf } from './errors.js'

/** Options of {@link openPool}. */
export interface PoolOptions {
  /** Address of Postgres: `postgres://user:password@host:5432/database`. */
  readonly url: string
  /** Maximum number of connections. Default 4. */
  readonly max?: number
  /**
   * Milliseconds that a connection, a lock or a statement may take; its answer may take a second
   * more. Default 5000.
   */
  readonly timeout?: number
  /** Makes Postgres refuse writes. Default false. */
  readonly isReadOnly?: boolean
  /**
   * Refuses a pooler before Postgres, for temporary tables and whatever else a session keeps.
   * Default false.
   */
  readonly keepsSession?: boolean
  /**
   * Creates the error of a database that cannot be used. Default: a {@link PostgresError} with the
   * code WEIR_POSTGRES_UNAVAILABLE.
   */
  readonly unavailable?: (cause: unknown) => Error
}

const TIMEOUT = 5000
/**
 * Milliseconds between the limits of a wait for a lock, of a statement, and of its answer, so that
 * an error names the reason.
 */
const GRACE = 500
const BIGINT = 20
/** A write reached a standby: the connection leads to a server that is not the primary any more. */
const READ_ONLY = '25006'

/**
 * Opens a pool for Kysely's `PostgresDialect` whose callers never wait for ever.
 *
 * A connection or statement without an answer in time fails, and its connection is closed, so that
 * a frozen server, a cut network or a failover costs each caller one timeout at most, and later
 * callers get new connections. Transactions that a stopped process leaves open end after twice the
 * timeout. `bigint` columns are read as numbers.
 *
 * Through a pooler such as PgBouncer, which shares sessions between clients, transactions have
 * these limits, and other statements that of their answer.
 *
 * @throws PostgresError WEIR_POSTGRES_INVALID_OPTION; later, the error of `unavailable`
 * @example
 * const db = new Kysely<Schema>({ dialect: new PostgresDialect({ pool: openPool({ url }) }) })
 */
export function openPool ({
  url,
  max = 4,
  timeout = TIMEOUT,
  isReadOnly = false,
  keepsSession = false,
  unavailable = (cause) =>
    new PostgresError('WEIR_POSTGRES_UNAVAILABLE', reasonOf(cause), { cause })
}: PoolOptions): PostgresPool {
  for (const [name, value] of Object.entries({ max, timeout })) {
    if (!(Number.isInteger(value) && value >= 1)) {
      throw invalid(`${name} ${shown(value)} is not a whole number of 1 or more`)
    }
  }
  const types = new pg.TypeOverrides()
  types.setTypeParser(BIGINT, Number)
  const pool = new pg.Pool({
    connectionString: checkedUrl(url),
    max,
    connectionTimeoutMillis: timeout,
    // Sessions keep their settings and temporary tables.
    idleTimeoutMillis: 0,
    keepAlive: true,
    fallback_application_name: 'weir',
    types
  })
  // An idle connection failed: the next caller gets another one.
  pool.on('error', ignore)
  // A connection may also fail between its start and its first statement, which fails then.
  pool.on('connect', (client) => { client.on('error', ignore) })
  const limits = {
    lock_timeout: timeout,
    statement_timeout: timeout + GRACE,
    idle_in_transaction_session_timeout: 2 * timeout
  }
  const prepared = new WeakMap<pg.PoolClient, ConnectionKind>()
  return {
    async connect () {
      let connection: Connection | undefined
      try {
        const client = await pool.connect()
        connection = new Connection(client, { timeout, isReadOnly, unavailable })
        let kind = prepared.get(client)
        if (kind === undefined) {
          const settings = isReadOnly ? { ...limits, default_transaction_read_only: 'on' } : limits
          kind = await connection.prepare(settings)
          prepared.set(client, kind)
        }
        if (kind === 'pooled') {
          if (keepsSession) throw new PostgresError('WEIR_POSTGRES_POOLER', 'a session')
          connection.limits = limits
        }
        return connection
      } catch (error) {
        connection?.release()
        throw connection === undefined ? unavailable(error) : error
      }
    },
    end: () => pool.end()
  }
}

type ConnectionOptions = Required<Pick<PoolOptions, 'timeout' | 'isReadOnly' | 'unavailable'>>

/** A connection that is closed, instead of returned to the pool, if its state is in doubt. */
class Connection implements PostgresPoolClient {
  readonly #client: pg.PoolClient
  readonly #options: ConnectionOptions
  /** Limits of each transaction; undefined if the session has them. */
  limits: Readonly<Record<string, number>> | undefined
  #doubt: Error | undefined

  constructor (client: pg.PoolClient, options: ConnectionOptions) {
    this.#client = client
    this.#options = options
  }

  /** Applies settings to the session, unless a pooler shares it with other clients. */
  async prepare (settings: Readonly<Record<string, number | string>>): Promise<ConnectionKind> {
    const all = Object.entries(settings)
    const texts = all.map((_, place) => `set_config($${2 * place + 2}, $${2 * place + 3}, false)`)
    const { rows } = await this.query(
      `select ${texts.join(', ')} where pg_backend_pid() = $1::int`,
      [processOf(this.#client), ...all.flatMap(([name, value]) => [name, String(value)])]
    )
    return rows.length === 1 ? 'direct' : 'pooled'
  }

  query<R> (sql: string, parameters: readonly unknown[]): Promise<PostgresQueryResult<R>>
  query<R> (cursor: PostgresCursor<R>): PostgresCursor<R>
  query<R> (
    what: string | PostgresCursor<R>,
    parameters: readonly unknown[] = []
  ): Promise<PostgresQueryResult<R>> | PostgresCursor<R> {
    if (typeof what !== 'string') throw invalid('Cursors are not supported by this pool')
    const isBegin = this.limits !== undefined && BEGIN.test(what)
    return isBegin ? this.#begin(what, this.limits) : this.#ask(what, parameters)
  }

  release (): void {
    this.#client.release(this.#doubt !== undefined)
  }

  /** Begins a transaction with its limits, in one round trip. */
  async #begin<R> (
    text: string, limits: Readonly<Record<string, number>> = {}
  ): Promise<PostgresQueryResult<R>> {
    const local = Object.entries(limits).map(([name, value]) => `set local ${name} = ${value}`)
    await this.#ask([text, ...local].join('; '), [])
    return { command: 'SELECT', rowCount: 0, rows: [] }
  }

  async #ask<R> (
    text: string, parameters: readonly unknown[]
  ): Promise<PostgresQueryResult<R>> {
    const { timeout, isReadOnly, unavailable } = this.#options
    // Kysely rolls back what has failed: there is nothing to ask any more.
    if (this.#doubt !== undefined) throw this.#doubt
    try {
      const limit = timeout + 2 * GRACE
      const late = () => new Error(`no answer within ${limit} ms`)
      // pg's own type has every command; Kysely's has those that it sends.
      const answer: unknown = await within(limit, this.#client.query(text, [...parameters]), late)
      return answer as PostgresQueryResult<R>
    } catch (error) {
      if (!isOutage(error) && (stateOf(error) !== READ_ONLY || isReadOnly)) throw error
      this.#doubt = unavailable(error)
      throw this.#doubt
    }
  }
}

/** A session of its own, or one that a pooler may share between transactions. */
type ConnectionKind = 'direct' | 'pooled'

const BEGIN = /^\s*(?:begin|start transaction)\b/i

/**
 * Returns the server process that a connection was told at its start; poolers tell a number of
 * their own.
 */
export function processOf (client: object): number {
  return 'processID' in client && typeof client.processID === 'number' ? client.processID : -1
}

const ignore = () => {}

const reasonOf = (cause: unknown): string =>
  cause instanceof Error ? cause.message || cause.name : String(cause)

/** The text of a URL may contain a password, so messages do not show it. */
function checkedUrl (url: string): string {
  const problem = urlProblem(url)
  if (problem !== undefined) throw invalid(`url ${problem}`)
  return url
}

/**
 * Describes, without its text, why a URL is none of a Postgres; undefined if it is one.
 * @example urlProblem('mysql://shop') // 'must look like …, but it begins with mysql://'
 */
export function urlProblem (url: string): string | undefined {
  const wrong = (what: string) =>
    `must look like postgres://user:password@host:5432/database, but ${what}`
  const [, scheme, host = ''] = /^([a-z][a-z\d+.-]*):\/\/(?:[^@/]*@)?([^/?#]*)/i.exec(url) ?? []
  if (scheme === undefined) return wrong('it is not a URL')
  if (!/^postgres(?:ql)?$/.test(scheme)) return wrong(`it begins with ${scheme}://`)
  if (/[\s\p{Cc}]/u.test(url)) return wrong('it contains white space or a control character')
  if (host.includes(',')) {
    return wrong('it names several hosts: use the address of a proxy or a DNS name that leads to the primary')
  }
  try {
    decodeURIComponent(url)
  } catch {
    return wrong('it contains a % that does not encode a character')
  }
  return undefined
}

const invalid = (what: string) => new PostgresError('WEIR_POSTGRES_INVALID_OPTION', what)
