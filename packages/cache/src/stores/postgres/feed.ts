import { pauseAfter } from '@weir/redis'
import type { FillAnnouncements, Hearing } from '../fill-announcements.js'
import { type Commands, queryOf, type Row } from './commands.js'
import { isMissing } from './failures.js'
import type { PostgresMirror } from './mirror.js'
import type { PostgresClient } from './pool.js'

// Milliseconds until a connection is given up: one that does not come about, one that is silent
// because the server has vanished.
const CONNECTED_WITHIN = 5000
const ANSWERED_WITHIN = 2000
// A connection that has lasted for so long was none that fails again and again. In milliseconds.
const LASTING = 2000
// Milliseconds without a read after which questions only keep the connection alive.
const IDLE_AFTER = 2000
const IDLE_QUESTION_EVERY = 1000
// Milliseconds in which notifications are taken together.
const TOGETHER = 1
// Milliseconds within which a connection has answered that fills are announced on. More than a
// short lease: on a busy machine an answer takes a while, and no announcement is lost by that.
const LIVES_WITHIN = 250
// Records of one kind that an answer has at most: each costs a few microseconds of the event loop.
const AT_ONCE = 250

/**
 * The lease under which an instance may trust what it remembers.
 *
 * Every fifth of the lease it asks, by one query for all namespaces, for records that it does not
 * know yet. An answer proves that it knows all that was committed before the query was sent: it is
 * coherent as of that moment, and may rely on it for one lease. A writer waits that long before its
 * change is done. A stalled event loop, a dead connection or a frozen server ends the lease by
 * itself: no detection is needed.
 *
 * A notification only makes it ask earlier. One that is lost, as behind a proxy that shares
 * connections between transactions, costs nothing but time.
 *
 * An idle instance, from which nothing is read, asks once a second. The first read after that is
 * judged by the store.
 */
export class Feed implements Hearing {
  readonly #mirrors = new Map<string, PostgresMirror>()
  #announcements: FillAnnouncements | undefined
  #watch: NodeJS.Timeout | undefined
  #soon: NodeJS.Timeout | undefined
  #retry: NodeJS.Timeout | undefined
  #usedAt = performance.now()
  #isIdle = false
  #isClosed = false
  #client: PostgresClient | undefined
  #isReady = false
  #readySince = Infinity
  #hasHeard = false
  /** Which attempt or connection it is: what an earlier one says late is worth nothing. */
  #epoch = 0
  #failures = 0
  #answeredAt = -Infinity
  /**
   * By when the connection, or the answer under way, has to be there; undefined while nothing is
   * waited for.
   */
  #deadline: number | undefined
  /** Something has changed since the question under way was sent. */
  #isBehind = false

  /** @param lease milliseconds; the same for every instance */
  constructor (readonly commands: Commands, readonly lease: number) {}

  /** Whether notifications come through. */
  get hears (): boolean {
    return this.#hasHeard
  }

  /** To be called at each question to a mirror: it keeps answers coming. */
  used (now: number): void {
    this.#usedAt = now
    if (this.#isIdle) this.#wake()
  }

  /**
   * Asks as soon as it has an answer to the question under way, and not before others of this
   * moment have been taken together.
   */
  askSoon (): void {
    if (this.#isClosed) return
    this.#soon ??= setTimeout(() => {
      this.#soon = undefined
      this.#look()
    }, TOGETHER).unref()
  }

  /** Whether announcements of fills can be relied on. */
  isCoherent (): boolean {
    const now = performance.now()
    this.used(now)
    return now - this.#answeredAt <= Math.max(this.lease, LIVES_WITHIN)
  }

  listen (_channel: string, announcements: FillAnnouncements): void {
    this.#announcements = announcements
  }

  /** Keeps the mirror up to date from now on. */
  follow (mirror: PostgresMirror): void {
    this.#mirrors.set(mirror.records.ns, mirror)
    if (this.#mirrors.size > 1) return
    this.#lookLater()
    this.#connect()
  }

  close (): void {
    this.#isClosed = true
    this.#lose(this.#epoch)
    for (const timer of [this.#watch, this.#soon, this.#retry]) clearTimeout(timer)
  }

  /** Milliseconds between questions while entries are being judged by the answers. */
  get #pause (): number {
    return Math.max(2, this.lease / 5)
  }

  #lookLater (): void {
    clearTimeout(this.#watch)
    this.#watch = setTimeout(() => {
      this.#lookLater()
      this.#look()
    }, this.#isIdle ? Math.max(IDLE_QUESTION_EVERY, this.#pause) : this.#pause).unref()
  }

  #wake (): void {
    this.#isIdle = false
    if (this.#isClosed) return
    this.#lookLater()
    this.#look()
  }

  #connect (): void {
    const epoch = ++this.#epoch
    this.#deadline = performance.now() + CONNECTED_WITHIN
    this.commands.pool.connect((_error, client) => {
      if (client === undefined) {
        this.#lose(epoch)
        return
      }
      client.on('error', () => { this.#lose(epoch) })
      client.on('end', () => { this.#lose(epoch) })
      if (epoch === this.#epoch) {
        this.#client = client
        this.#begin(client, epoch).catch(() => { this.#lose(epoch) })
      } else {
        client.release(true)
      }
    })
  }

  async #begin (client: PostgresClient, epoch: number): Promise<void> {
    const { channel } = this.commands.schema
    client.on('notification', (message) => {
      if (epoch === this.#epoch && message.channel === channel) this.#heard(message.payload ?? '')
    })
    await client.query(queryOf(`LISTEN ${channel}`))
    // An echo: it is heard before the answer, if any notification is.
    await client.query(queryOf('SELECT pg_notify($1, $2)', [channel, 'echo']))
    if (epoch !== this.#epoch) return
    this.#isReady = true
    this.#readySince = performance.now()
    this.#deadline = undefined
    this.#announcements?.subscribed()
    this.#look()
  }

  #heard (message: string): void {
    this.#hasHeard = true
    if (message !== 'changed') this.#announcements?.heard(message)
    else if (!this.#isIdle) this.askSoon()
  }

  /**
   * Lets go of the connection, or the attempt, and tries again in a while. What is known stays
   * known: the lease tells until when.
   */
  #lose (epoch: number): void {
    if (epoch !== this.#epoch) return
    const wasReady = this.#isReady
    this.#epoch++
    this.#isReady = false
    this.#hasHeard = false
    this.#answeredAt = -Infinity
    this.#deadline = undefined
    // It still listens, and may have an answer on its way.
    this.#client?.release(true)
    this.#client = undefined
    clearTimeout(this.#retry)
    if (performance.now() - this.#readySince > LASTING) this.#failures = 0
    this.#readySince = Infinity
    if (!this.#isClosed) {
      this.#retry = setTimeout(() => {
        this.#connect()
      }, pauseAfter(this.#failures++)).unref()
    }
    if (wasReady) this.#announcements?.lost()
  }

  /** One question at a time: while Postgres is frozen they do not pile up. */
  #look (): void {
    if (this.#deadline !== undefined) {
      if (performance.now() > this.#deadline) this.#lose(this.#epoch)
      else this.#isBehind = true
      return
    }
    const [client, epoch] = [this.#client, this.#epoch]
    if (!this.#isReady || client === undefined) return
    if (!this.#isIdle && performance.now() - this.#usedAt > IDLE_AFTER) {
      this.#isIdle = true
      this.#lookLater()
    }
    this.#deadline = performance.now() + ANSWERED_WITHIN
    this.#isBehind = false
    this.#ask(client, epoch).then((hasMore) => {
      if (epoch !== this.#epoch) return
      this.#deadline = undefined
      if (hasMore || this.#isBehind) this.#look()
    }, () => { this.#lose(epoch) })
  }

  /** Resolves to whether there may be more. */
  async #ask (client: PostgresClient, epoch: number): Promise<boolean> {
    const { schema } = this.commands
    const all = [...this.#mirrors]
    const positions = all.map(([, { position }]) => position)
    const values = [
      all.map(([ns]) => ns), positions.map(({ seen }) => seen),
      positions.map(({ tags }) => tags.at), positions.map(({ tags }) => tags.id),
      positions.map(({ keys }) => keys.at), positions.map(({ keys }) => keys.id), AT_ONCE
    ]
    const sent = performance.now()
    let rows: readonly unknown[]
    try {
      rows = (await client.query(queryOf(schema.call('news', values.length), values))).rows
    } catch (error) {
      if (!isMissing(error)) throw error
      await this.commands.install()
      return true
    }
    if (epoch !== this.#epoch) return false
    this.#answeredAt = performance.now()
    let hasMore = false
    for (const [ns, news] of byNamespace(rows)) {
      if (this.#mirrors.get(ns)?.take(news, AT_ONCE, sent) === true) hasMore = true
    }
    return hasMore
  }
}

function byNamespace (rows: readonly unknown[]): Map<string, Row[]> {
  const all = new Map<string, Row[]>()
  for (const row of rows) {
    const [ns] = row as Row
    const own = all.get(ns ?? '')
    if (own === undefined) all.set(ns ?? '', [row as Row])
    else own.push(row as Row)
  }
  return all
}
