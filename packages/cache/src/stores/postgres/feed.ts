import { pauseAfter } from '@weir/redis'
import type { FillAnnouncements, Hearing } from '../fill-announcements.js'
import { Lapses } from '../lapses.js'
import { type Commands, queryOf, type Row } from './commands.js'
import { isMissing } from './failures.js'
import type { PostgresMirror } from './mirror.js'
import type { PostgresClient } from './pool.js'

// Milliseconds after which a connection is given up that cannot be established, or is silent
// because the server has vanished.
const CONNECTED_WITHIN = 5000
const ANSWERED_WITHIN = 2000
// Milliseconds after which a connection counts as stable rather than as repeatedly failing.
const LASTING = 2000
// Milliseconds without a read after which queries only keep the connection alive.
const IDLE_AFTER = 2000
const IDLE_QUESTION_EVERY = 1000
// Milliseconds in which notifications are combined.
const TOGETHER = 1
// Milliseconds within which a connection must have answered for fill announcements to rely on it.
// More than a short lease: answers take a while on a busy machine, and that loses no announcement.
const LIVES_WITHIN = 250
// Maximum number of records of each kind per answer: each costs the event loop a few microseconds.
const AT_ONCE = 250

/**
 * The lease under which an instance may trust its memory.
 *
 * Every fifth of the lease, one query for all namespaces fetches new records. An answer proves that
 * the instance knows everything committed before the query was sent: it is coherent as of that
 * moment, and may rely on that for one lease. A writer waits that long before its change is done. A
 * stalled event loop, a dead connection or a frozen server ends the lease without having to be
 * detected.
 *
 * A notification only makes the next query run earlier. Losing one, for example behind a proxy that
 * shares connections between transactions, only costs time.
 *
 * An idle instance, from which nothing is read, queries once a second. The store checks its first
 * read after that.
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
  /** Identifies the current attempt or connection: late answers of earlier ones are ignored. */
  #epoch = 0
  #failures = 0
  #answeredAt = -Infinity
  /** Deadline of the connection or query in progress; undefined if there is none. */
  #deadline: number | undefined
  /** Whether something has changed since the current query was sent. */
  #isBehind = false
  readonly #lapses: Lapses

  /** @param lease milliseconds; the same for every instance */
  constructor (readonly commands: Commands, readonly lease: number) {
    this.#lapses = new Lapses(lease)
  }

  /** Whether notifications arrive. */
  get hears (): boolean {
    return this.#hasHeard
  }

  /** Call this each time a mirror is consulted: it keeps the queries going. */
  used (now: number): void {
    this.#usedAt = now
    if (this.#isIdle) this.#wake()
  }

  /** Queries again after the current answer, combining the notifications of this moment. */
  askSoon (): void {
    if (this.#isClosed) return
    this.#soon ??= setTimeout(() => {
      this.#soon = undefined
      this.#look()
    }, TOGETHER).unref()
  }

  /** Whether fill announcements are reliable. */
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
    this.#lapses.ended()
    this.#lose(this.#epoch)
    for (const timer of [this.#watch, this.#soon, this.#retry]) clearTimeout(timer)
  }

  /** Milliseconds between queries while their answers are used to check entries. */
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
    // An echo, received before the answer if notifications arrive at all.
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
   * Gives up the connection or attempt and retries after a pause. Known records stay usable until
   * the lease ends.
   */
  #lose (epoch: number): void {
    if (epoch !== this.#epoch) return
    const wasReady = this.#isReady
    this.#lapses.lost()
    this.#epoch++
    this.#isReady = false
    this.#hasHeard = false
    this.#answeredAt = -Infinity
    this.#deadline = undefined
    // The client still listens and may have a pending answer.
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

  /** Sends one query at a time, so that queries do not pile up while Postgres is frozen. */
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
      this.#lapses.ended()
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

  /** Resolves to whether there may be more records. */
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
    if (!hasMore) this.#lapses.proved(sent, !this.#isIdle)
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
