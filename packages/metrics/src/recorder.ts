import { randomUUID } from 'node:crypto'
import { setTimeout } from 'node:timers/promises'
import { within } from '@weir/internal'
import { Counters, type Totals } from './counters.js'
import { MetricsError } from './errors.js'
import { type CacheCounts, type InstanceState, type MinuteRecord } from './record.js'
import { type MetricsStore } from './store.js'

// Milliseconds.
const FLUSH_EVERY = 1000
const WRITE_TIMEOUT = 2000
// A service that closes has little more than a second for all that it has to end.
const LAST_WRITE_TIMEOUT = 500
const LAST_WRITE_AGAIN_AFTER = 50
// As long as the store may be gone before anything is lost, in minutes.
const MOST_RECORDS = 60

/** What an instance says of itself, besides what the recorder knows. */
export type Vitals = Pick<
  InstanceState,
  'rssBytes' | 'heapBytes' | 'eventLoopDelayMs' | 'l1' | 'invalidations'
>

/** Options of {@link Recorder}. */
export interface RecorderOptions {
  /** Yours to close, after the recorder. */
  readonly store: MetricsStore
  readonly service: string
  readonly instance: string
  /** How the instance is. Asked once a second. */
  readonly vitals: () => Vitals
  /**
   * The application's caches, with what they have counted since they were made. Asked from `start`
   * on, once a second. Default: none.
   */
  readonly caches?: () => readonly CacheCounts[]
  /** Hears after each write how it went: the error, or nothing. */
  readonly onWritten?: (error?: unknown) => void
}

/**
 * Tells a store each second what this process has counted in the current minute, all of it each
 * time, so that it does not matter how often that arrives, or when. After a write that failed, and
 * when the store turns out to have lost its memory, the whole last hour is told again. What is
 * older then and was never told is dropped. Of a process that is killed, what it counted since it
 * last told is lost: a second, if it is not too busy to tell.
 *
 * A request belongs to the minute in which it is told of. A clock that is set back goes on with the
 * minute it was in.
 * @throws MetricsError WEIR_METRICS_INVALID_OPTION
 * @example
 * const recorder = new Recorder({
 *   store: memoryStore(),
 *   service: 'shop',
 *   instance: 'shop-1',
 *   vitals
 * })
 * const { tallies } = recorder.counters.route('GET /products')
 * recorder.start()
 * tallies.l1.add(0.2, 1024) // for each request
 * await recorder.close()
 */
export class Recorder {
  readonly counters: Counters
  /** The process, unlike any other. */
  readonly run = randomUUID()
  readonly #options: RecorderOptions
  readonly #startedAt = Date.now()
  #minute = minuteOf(this.#startedAt)
  #before: Totals
  /** `counters.count` of the last record, and the last number that one was given. */
  #recorded = 0
  #seq = 0
  /** Of the last hour that had any, oldest first. */
  readonly #records = new Map<number, MinuteRecord>()
  #acknowledged = new WeakSet<MinuteRecord>()
  #dropped = 0
  #timer: NodeJS.Timeout | undefined
  #writing: Promise<void> | undefined

  constructor (options: RecorderOptions) {
    const { store, service, instance } = options
    if (typeof store?.write !== 'function') {
      throw new MetricsError(
        'WEIR_METRICS_INVALID_OPTION',
        'store is missing: give it redisStore(), sqliteStore() or memoryStore() of @weir/metrics'
      )
    }
    for (const [name, value] of Object.entries({ service, instance })) {
      if (typeof value !== 'string' || value === '' || value.length > 100) {
        throw new MetricsError(
          'WEIR_METRICS_INVALID_OPTION',
          `${name} must be text of 1 to 100 characters`
        )
      }
    }
    this.#options = options
    this.counters = new Counters(options.caches)
    this.#before = this.counters.begin()
  }

  /** From now on the store is told each second. It does not keep the process running. */
  start (): void {
    this.#timer ??= setInterval(() => { this.flush().catch(() => {}) }, FLUSH_EVERY).unref()
  }

  /** Records that the store does not have yet. */
  get unsent (): number {
    return this.#toTell().length
  }

  /** Records that the store never got, because it was gone for too long. */
  get dropped (): number {
    return this.#dropped
  }

  /**
   * Tells the store what there is to tell; while it has not answered, waits for that instead.
   * @throws MetricsError WEIR_METRICS_NO_ANSWER after 2 s; what the store throws
   */
  flush (): Promise<void> {
    this.#writing ??= this.#write(WRITE_TIMEOUT).finally(() => { this.#writing = undefined })
    return this.#writing
  }

  /**
   * Tells the store for the last time, again if it fails, for half a second, and no more after
   * that. Never rejects.
   */
  async close (): Promise<void> {
    clearInterval(this.#timer)
    const end = Date.now() + LAST_WRITE_TIMEOUT
    for (let left = LAST_WRITE_TIMEOUT; left > 0; left = end - Date.now()) {
      // A write that is under way may be one that never ends. If it comes after this one, it
      // changes nothing.
      const isTold = await this.#write(left).then(() => this.unsent === 0, () => false)
      if (isTold) return
      // A process that ends is often a busy one, to which any answer comes late.
      await setTimeout(LAST_WRITE_AGAIN_AFTER)
    }
  }

  async #write (timeout: number): Promise<void> {
    const { store, onWritten } = this.#options
    this.#record()
    const records = this.#toTell()
    try {
      const late = () => new MetricsError('WEIR_METRICS_NO_ANSWER', String(timeout))
      const wasKnown = await within(timeout, store.write(this.#state(), records), late)
      if (!wasKnown) this.#acknowledged = new WeakSet()
    } catch (error) {
      // When it is back it may be empty.
      this.#acknowledged = new WeakSet()
      onWritten?.(error)
      throw error
    }
    for (const record of records) this.#acknowledged.add(record)
    onWritten?.()
  }

  /** Makes a record of what is new, and begins the next minute if it is time. */
  #record (): void {
    const { counters } = this
    const { service, instance } = this.#options
    const count = counters.count
    if (count !== this.#recorded) {
      this.#recorded = count
      this.#records.set(this.#minute, {
        run: this.run,
        service,
        instance,
        minute: this.#minute,
        seq: ++this.#seq,
        ...counters.since(this.#before)
      })
      this.#dropOldest()
    }
    const minute = minuteOf(Date.now())
    // Never one that has been already: its record would be replaced.
    if (minute <= this.#minute) return
    this.#minute = minute
    this.#before = counters.begin(this.#before)
  }

  #toTell (): MinuteRecord[] {
    return [...this.#records.values()].filter((record) => !this.#acknowledged.has(record))
  }

  #dropOldest (): void {
    const [oldest] = this.#records.values()
    if (this.#records.size <= MOST_RECORDS || oldest === undefined) return
    this.#records.delete(oldest.minute)
    if (!this.#acknowledged.has(oldest)) this.#dropped++
  }

  #state (): InstanceState {
    const { service, instance, vitals } = this.#options
    return {
      run: this.run,
      service,
      instance,
      pid: process.pid,
      node: process.versions.node,
      startedAt: this.#startedAt,
      at: Date.now(),
      ...vitals()
    }
  }
}

const minuteOf = (ms: number) => Math.floor(ms / 60_000)
