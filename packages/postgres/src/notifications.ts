import { within } from '@weir/internal'
import { type Dialect, sql } from 'kysely'
import pg from 'pg'
import { PostgresError } from './errors.js'
import { urlProblem } from './pool.js'

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
 * The address must lead to Postgres itself, or through a pooler in session mode: a connection that
 * is shared between transactions hears nothing. Postgres commits transactions that notify one at a
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
    else this.#subscribe(this.#client, channel).catch(() => {})
    return () => { all.delete(heard) }
  }

  async close (): Promise<void> {
    this.#isClosed = true
    clearTimeout(this.#timer)
    const client = this.#client
    this.#client = undefined
    await client?.end().catch(() => {})
  }

  #connect (): void {
    if (this.#isClosed) return
    clearTimeout(this.#timer)
    const client = new pg.Client({
      connectionString: this.#url,
      connectionTimeoutMillis: ANSWERED_WITHIN,
      keepAlive: true,
      fallback_application_name: 'weir-notifications'
    })
    this.#client = client
    client.on('error', () => { this.#lose(client) })
    client.on('end', () => { this.#lose(client) })
    client.on('notification', ({ channel, payload = '' }) => {
      for (const heard of this.#heard.get(channel) ?? []) heard(payload)
    })
    this.#begin(client).catch(() => { this.#lose(client) })
  }

  async #begin (client: pg.Client): Promise<void> {
    await client.connect()
    for (const channel of this.#heard.keys()) await this.#subscribe(client, channel)
    this.#pause = FIRST_PAUSE
    this.#askLater(client)
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

  async #ask (client: pg.Client, text: string): Promise<void> {
    await within(ANSWERED_WITHIN, client.query(text), () => new Error('no answer'))
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
