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
// A closing service has little more than a second for all its cleanup.
const LAST_WRITE_TIMEOUT = 500
const LAST_WRITE_AGAIN_AFTER = 50
// Minutes for which the store may be unavailable before counts are lost.
const MOST_RECORDS = 60

/** The data that an instance reports about itself, beyond what the recorder knows. */
export type Vitals = Pick<
  InstanceState,
  'rssBytes' | 'heapBytes' | 'eventLoopDelayMs' | 'l1' | 'invalidations' | 'announced' | 'breakers' |
  'routes' | 'edge' | 'shadow'
>

/** Options of {@link Recorder}. */
export interface RecorderOptions {
  /** Not closed by the recorder: close it afterward. */
  readonly store: MetricsStore
  readonly service: string
  readonly instance: string
  /** Returns the instance's state. Called once a second. */
  readonly vitals: () => Vitals
  /**
   * Returns the application's caches with their counts since they were created. Called once a
   * second after `start`. Default: none.
   */
  readonly caches?: () => readonly CacheCounts[]
  /** Called after each write: with the error, or with nothing. */
  readonly onWritten?: (error?: unknown) => void
}

/**
 * Reports a process's counts of the current minute to a store every second.
 *
 * Each report contains the whole minute, so it does not matter how often or when it arrives. After
 * a failed write, and when the store turns out to have lost its data, the whole last hour is
 * reported again. Older counts that were never reported are dropped. A killed process loses its
 * counts since the last report: a second, if it is not too busy to report.
 *
 * A request belongs to the minute in which it is reported. After the clock was set back, the
 * current minute continues.
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
  /** Unique id of the process. */
  readonly run = randomUUID()
  readonly #options: RecorderOptions
  readonly #startedAt = Date.now()
  #minute = minuteOf(this.#startedAt)
  #before: Totals
  /** `counters.count` of the last record, and its sequence number. */
  #recorded = 0
  #seq = 0
  /** Records of the last hour with any counts, oldest first. */
  readonly #records = new Map<number, MinuteRecord>()
  #acknowledged = new WeakSet<MinuteRecord>()
  #dropped = 0
  #endedAt: number | undefined
  #timer: NodeJS.Timeout | undefined
  #writing: Promise<void> | undefined

  constructor (options: RecorderOptions) {
    const { store, service, instance } = options
    if (typeof store?.write !== 'function') {
      throw new MetricsError(
        'WEIR_METRICS_INVALID_OPTION',
        'store is missing: use redisStore(), sqliteStore() or memoryStore() of @weir/metrics'
      )
    }
    for (const [name, value] of Object.entries({ service, instance })) {
      if (typeof value !== 'string' || value === '' || value.length > 100) {
        throw new MetricsError(
          'WEIR_METRICS_INVALID_OPTION',
          `${name} must be a string of 1 to 100 characters`
        )
      }
    }
    this.#options = options
    this.counters = new Counters(options.caches)
    this.#before = this.counters.begin()
  }

  /** Starts reporting to the store every second. Does not keep the process running. */
  start (): void {
    this.#timer ??= setInterval(() => { this.flush().catch(() => {}) }, FLUSH_EVERY).unref()
  }

  /** Number of records that the store does not have yet. */
  get unsent (): number {
    return this.#toTell().length
  }

  /** Number of records that the store never received, because it was unavailable for too long. */
  get dropped (): number {
    return this.#dropped
  }

  /**
   * Reports unsent counts to the store; while an earlier report is unanswered, waits for that
   * instead.
   * @throws MetricsError WEIR_METRICS_NO_ANSWER after 2 s; the store's error
   */
  flush (): Promise<void> {
    this.#writing ??= this.#write(WRITE_TIMEOUT).finally(() => { this.#writing = undefined })
    return this.#writing
  }

  /**
   * Tells the store for the last time, and that the process ended in good order; again if it fails,
   * for half a second, and no more after that. Never rejects.
   */
  async close (): Promise<void> {
    clearInterval(this.#timer)
    this.#endedAt ??= Date.now()
    const end = Date.now() + LAST_WRITE_TIMEOUT
    for (let left = LAST_WRITE_TIMEOUT; left > 0; left = end - Date.now()) {
      // A write in progress may never end. If it arrives after this one, it changes nothing.
      const isTold = await this.#write(left).then(() => this.unsent === 0, () => false)
      if (isTold) return
      // A process that is shutting down is often busy and receives answers late.
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
      // The store may be empty when it returns.
      this.#acknowledged = new WeakSet()
      onWritten?.(error)
      throw error
    }
    for (const record of records) this.#acknowledged.add(record)
    onWritten?.()
  }

  /** Makes a record of the new counts, and starts the next minute when it is time. */
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
    // Never go back to an earlier minute: its record would be replaced.
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
      ...(this.#endedAt !== undefined && { endedAt: this.#endedAt }),
      ...vitals()
    }
  }
}

const minuteOf = (ms: number) => Math.floor(ms / 60_000)
