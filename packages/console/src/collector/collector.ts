import { type InstanceState, type MetricsStore, type MinuteRecord } from '@weir/metrics'
import { type FastifyBaseLogger } from 'fastify'
import { within } from '@weir/internal'
import { type Kysely } from 'kysely'
import { type StatsSchema } from '../db/schema.js'
import { writeInstances } from '../history/instances.js'
import { prune } from '../history/prune.js'
import { DAY, HOUR, minuteOf } from '../history/time.js'
import { writeRecords } from '../history/write.js'
import { LogChanges } from '../log-changes.js'
import { noAnswer } from '../no-answer.js'
import { type Presence, Presences } from './presence.js'
import { withoutSecrets } from './without-secrets.js'

/**
 * The reports of the instances, as of `at` (ms): the records of this minute and the previous one,
 * and possibly earlier ones.
 */
export interface Reading {
  readonly at: number
  readonly records: readonly MinuteRecord[]
  readonly states: readonly InstanceState[]
  readonly presences: readonly Presence[]
}

/** The age of the counts. */
export interface Currency {
  /** Time of the last reading, in ms; null before the first. */
  readonly asOf: number | null
  /** Whether the store is reachable. */
  readonly connected: boolean
}

export interface CollectorOptions {
  readonly store: MetricsStore
  readonly db: Kysely<StatsSchema>
  readonly log: FastifyBaseLogger
  /** Timeout of the store in ms. The default of 5 s is enough to read a whole day. */
  readonly timeout?: number
}

/**
 * The time, in minutes, for which late records are read: an instance that could not reach the store
 * reports up to an hour of counts later.
 */
const TOLD_LATE = HOUR + 5
/** Time without a response after which the store counts as unreachable, in ms. */
const OVERDUE = 3000

/**
 * Reads the reports of instances and adds them to the counts. Each reading covers this minute and
 * the previous one, which still change. Once a minute it also covers records that may have arrived
 * late. After the start and after a failure it covers everything that may have been missed, up to
 * one day.
 */
export class Collector {
  readonly #store: MetricsStore
  readonly #db: Kysely<StatsSchema>
  readonly #timeout: number
  readonly #reads: LogChanges
  readonly #writes: LogChanges
  readonly #presences = new Presences()
  readonly #stopping = new AbortController()
  /** The minute up to which all records have been read. */
  #reached: number | undefined
  #asOf: number | null = null
  #answeredAt: number | undefined
  #latest: readonly Presence[] = []
  #states: readonly InstanceState[] = []
  #reading = false
  #writing: Promise<void> | undefined

  constructor ({ store, db, log, timeout = 5000 }: CollectorOptions) {
    this.#store = store
    this.#db = db
    this.#timeout = timeout
    this.#reads = new LogChanges(log, {
      failed: 'Counts of the instances cannot be read',
      back: 'Counts of the instances can be read again'
    })
    this.#writes = new LogChanges(log, {
      failed: 'Counts of the instances cannot be written to the database',
      back: 'Counts of the instances are written to the database again'
    })
  }

  /**
   * Reads once and starts to write the result. Returns undefined if the store cannot be read or an
   * earlier reading is still running: one reading and one write run at a time.
   * @param now ms
   */
  async collect (now: number): Promise<Reading | undefined> {
    if (this.#reading || this.#stopping.signal.aborted) return undefined
    this.#reading = true
    try {
      const since = await this.#since(minuteOf(now))
      const told = Promise.all([this.#store.read(since), this.#store.instances()])
      const [records, all] = await within(
        this.#timeout,
        told,
        noAnswer('the store of metrics', this.#timeout)
      )
      const states = withoutSecrets(all)
      this.#reads.worked()
      this.#answeredAt = now
      this.#latest = this.#presences.update(states, now)
      this.#states = states
      const reading = { at: now, records, states, presences: this.#latest }
      // Records that are not written in this pass are read again.
      this.#writing ??= this.#write(reading).finally(() => { this.#writing = undefined })
      return reading
    } catch (error) {
      if (!this.#stopping.signal.aborted) this.#reads.failed(error)
      this.#answeredAt = undefined
      return undefined
    } finally {
      this.#reading = false
    }
  }

  /** The instances in the last reading; empty before the first. */
  get presences (): readonly Presence[] {
    return this.#latest
  }

  /** The states of all processes of the last day, as last read; empty before that. */
  get states (): readonly InstanceState[] {
    return this.#states
  }

  currency (now: number): Currency {
    return {
      asOf: this.#asOf,
      connected: this.#answeredAt !== undefined && now - this.#answeredAt < OVERDUE
    }
  }

  /** Resolves when all readings so far have been written. */
  async settled (): Promise<void> {
    await this.#writing
  }

  /** Starts nothing more and stops the current write at the next opportunity. */
  async stop (): Promise<void> {
    this.#stopping.abort()
    await this.#writing
  }

  async #since (minute: number): Promise<number> {
    // A long range is written in one go and not read again each second.
    if (this.#reached === minute || this.#writing !== undefined) return minute - 1
    this.#reached ??= await this.#lastKnown() ?? minute - DAY
    return Math.max(minute - DAY, Math.min(minute, this.#reached) - TOLD_LATE)
  }

  async #lastKnown (): Promise<number | undefined> {
    const row = await this.#db
      .selectFrom('records')
      .select(({ fn }) => fn.max<number | null>('minute').as('minute'))
      .executeTakeFirst()
    return row?.minute ?? undefined
  }

  async #write ({ at, records, presences }: Reading): Promise<void> {
    const { signal } = this.#stopping
    try {
      await writeRecords(this.#db, records, at, signal)
      await writeInstances(this.#db, presences)
      const minute = minuteOf(at)
      if (this.#reached !== minute) await prune(this.#db, at)
      this.#reached = minute
      this.#asOf = at
      this.#writes.worked()
    } catch (error) {
      if (!signal.aborted) this.#writes.failed(error)
    }
  }
}
