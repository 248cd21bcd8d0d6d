import { randomBytes } from 'node:crypto'
import { within } from '@weir/internal'
import { type Dialect, sql } from 'kysely'
import pg from 'pg'
import { PostgresError } from './errors.js'
import { processOf, urlProblem } from './pool.js'

/** A database of any schema, as dialects accept it. */
type AnyDatabase = Parameters<Dialect['createIntrospector']>[0]

/** Messages between instances, through `LISTEN` and `NOTIFY`. */
export interface Notifications {
  /**
   * Sends a message to every instance when the transaction commits. Neither happens without the
   * other.
   * @example await notifications.announce(trx, 'prices', 'changed')
   */
  announce (transaction: AnyDatabase, channel: string, message: string): Promise<void>
  /**
   * Calls `heard` for each message that arrives. Messages sent while there is no connection are
   * lost: they may only make something happen earlier.
   * @returns a function that stops it
   * @example const stop = notifications.listen('prices', (message) => { refresh(message) })
   */
  listen (channel: string, heard: (message: string) => void): () => void
  /** Closes the connection. `announce` keeps working. */
  close (): Promise<void>
}

// Milliseconds after which a connection that cannot be made, or does not answer, is given up.
const ANSWERED_WITHIN = 2000
const ASK_EVERY = 5000
const FIRST_PAUSE = 100
const LONGEST_PAUSE = 5000

/**
 * Opens notifications on a connection of their own, which is made by the first `listen`, and
 * replaced whenever it is lost.
 *
 * The address must lead to Postgres itself, or through a pooler in session mode. A connection that
 * a pooler shares between transactions hears nothing: the process warns of it once, with the code
 * WEIR_POSTGRES_POOLER, and stops listening. Postgres commits transactions that notify one at a
 * time.
 * @throws PostgresError WEIR_POSTGRES_INVALID_OPTION
 * @example
 * const notifications = openNotifications({ url })
 * const outbox = createOutbox({ db, notifications, invalidate: (tags) => cache.invalidate(tags) })
 */
export function openNotifications ({ url }: { readonly url: string }): Notifications {
  const problem = urlProblem(url)
  if (problem !== undefined) {
    throw new PostgresError('WEIR_POSTGRES_INVALID_OPTION', `url ${problem}`)
  }
  return new Listener(url)
}

class Listener implements Notifications {
  readonly #url: string
  readonly #heard = new Map<string, Set<(message: string) => void>>()
  #client: pg.Client | undefined
  #timer: NodeJS.Timeout | undefined
  #pause = FIRST_PAUSE
  #isClosed = false

  constructor (url: string) {
    this.#url = url
  }

  async announce (transaction: AnyDatabase, channel: string, message: string): Promise<void> {
    await sql`select pg_notify(${channel}, ${message})`.execute(transaction)
  }

  listen (channel: string, heard: (message: string) => void): () => void {
    const all = this.#heard.get(channel) ?? new Set()
    this.#heard.set(channel, all.add(heard))
    if (this.#client === undefined) this.#connect()
    else {
      const client = this.#client
      this.#subscribe(client, channel).catch(() => { this.#lose(client) })
    }
    return () => { all.delete(heard) }
  }

  async close (): Promise<void> {
    this.#isClosed = true
    clearTimeout(this.#timer)
    const client = this.#client
    this.#client = undefined
    // A server that does not answer does not end the connection either.
    if (client !== undefined) await endWithin(client)
  }

  #connect (): void {
    if (this.#isClosed) return
    clearTimeout(this.#timer)
    const client = new pg.Client(this.#options())
    this.#client = client
    client.on('error', () => { this.#lose(client) })
    client.on('end', () => { this.#lose(client) })
    client.on('notification', ({ channel, payload = '' }) => {
      for (const heard of this.#heard.get(channel) ?? []) heard(payload)
    })
    this.#begin(client).catch(() => { this.#lose(client) })
  }

  #options (): pg.ClientConfig {
    return {
      connectionString: this.#url,
      connectionTimeoutMillis: ANSWERED_WITHIN,
      keepAlive: true,
      fallback_application_name: 'weir-notifications'
    }
  }

  async #begin (client: pg.Client): Promise<void> {
    await client.connect()
    if (!await this.#hears(client)) {
      this.#giveUp()
      return
    }
    for (const channel of this.#heard.keys()) await this.#subscribe(client, channel)
    this.#pause = FIRST_PAUSE
    this.#askLater(client)
  }

  /** Finds out whether a pooler before Postgres passes notifications on. */
  async #hears (client: pg.Client): Promise<boolean> {
    const { rows } = await this.#ask<{ pid: number }>(client, 'select pg_backend_pid() as pid')
    if (rows[0]?.pid === processOf(client)) return true
    const probe = `weir_probe_${randomBytes(8).toString('hex')}`
    let hear = () => {}
    const heard = new Promise<void>((resolve) => { hear = resolve })
    client.on('notification', ({ channel }) => { if (channel === probe) hear() })
    await this.#subscribe(client, probe)
    // A connection of another client: the session's own is told in the answer.
    const sender = new pg.Client(this.#options())
    sender.on('error', () => {})
    try {
      await sender.connect()
      await this.#ask(sender, `notify ${sender.escapeIdentifier(probe)}`)
      return await within(ANSWERED_WITHIN, heard, () => new Error('not heard'))
        .then(() => true, () => false)
    } finally {
      sender.end().catch(() => {})
      await this.#ask(client, `unlisten ${client.escapeIdentifier(probe)}`)
    }
  }

  #giveUp (): void {
    const error = new PostgresError('WEIR_POSTGRES_POOLER', 'LISTEN')
    process.emitWarning(
      `${error.message}. Until then, invalidations of instances that died wait for the next poll.`,
      { type: 'WeirWarning', code: error.code }
    )
    const client = this.#client
    this.#isClosed = true
    this.#client = undefined
    client?.end().catch(() => {})
  }

  async #subscribe (client: pg.Client, channel: string): Promise<void> {
    await this.#ask(client, `listen ${client.escapeIdentifier(channel)}`)
  }

  /** Finds out that a server has vanished without closing the connection. */
  #askLater (client: pg.Client): void {
    if (client !== this.#client) return
    this.#timer = setTimeout(() => {
      this.#ask(client, 'select 1').then(
        () => { this.#askLater(client) },
        () => { this.#lose(client) }
      )
    }, ASK_EVERY).unref()
  }

  async #ask<R extends pg.QueryResultRow> (
    client: pg.Client, text: string
  ): Promise<pg.QueryResult<R>> {
    return await within(ANSWERED_WITHIN, client.query<R>(text), () => new Error('no answer'))
  }

  #lose (client: pg.Client): void {
    if (client !== this.#client) return
    this.#client = undefined
    clearTimeout(this.#timer)
    client.end().catch(() => {})
    if (this.#isClosed) return
    this.#timer = setTimeout(() => { this.#connect() }, this.#pause).unref()
    this.#pause = Math.min(2 * this.#pause, LONGEST_PAUSE)
  }
}

/** Ends a connection; without an answer in time it is cut. */
async function endWithin (client: pg.Client): Promise<void> {
  await within(ANSWERED_WITHIN, client.end(), () => new Error('no answer'))
    .catch(() => { client.connection.stream.destroy() })
}
