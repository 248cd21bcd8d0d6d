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

/**
 * Reports of the instances, as of `at` (ms): the records of this minute and the one before, and
 * perhaps earlier ones.
 */
export interface Reading {
  readonly at: number
  readonly records: readonly MinuteRecord[]
  readonly states: readonly InstanceState[]
  readonly presences: readonly Presence[]
}

/** The age of the counts. */
export interface Currency {
  /** ms; null if nothing was read yet */
  readonly asOf: number | null
  /** Whether the store answers. */
  readonly connected: boolean
}

export interface CollectorOptions {
  readonly store: MetricsStore
  readonly db: Kysely<StatsSchema>
  readonly log: FastifyBaseLogger
  /** The time that the store may take, in ms. Default 5 s, which is for a whole day. */
  readonly timeout?: number
}

/**
 * An instance that could not reach the store tells later what it counted, of an hour at most. In
 * minutes.
 */
const TOLD_LATE = HOUR + 5
/** A store that has not answered for so long is away, in ms. */
const OVERDUE = 3000

/**
 * Reads what instances tell and adds it to the counts: what changes, which is this minute and the
 * one before, each time; once a minute what may have come late; at the start, and after not having
 * been able to, all that may have been missed, of a day at most.
 */
export class Collector {
  readonly #store: MetricsStore
  readonly #db: Kysely<StatsSchema>
  readonly #timeout: number
  readonly #reads: LogChanges
  readonly #writes: LogChanges
  readonly #presences = new Presences()
  readonly #stopping = new AbortController()
  /** The minute up to which all is known. */
  #reached: number | undefined
  #asOf: number | null = null
  #answeredAt: number | undefined
  #latest: readonly Presence[] = []
  #reading = false
  #writing: Promise<void> | undefined

  constructor ({ store, db, log, timeout = 5000 }: CollectorOptions) {
    this.#store = store
    this.#db = db
    this.#timeout = timeout
    this.#reads = new LogChanges(log, {
      failed: 'what the instances count cannot be read',
      back: 'what the instances count can be read again'
    })
    this.#writes = new LogChanges(log, {
      failed: 'what the instances count cannot be written down',
      back: 'what the instances count is written down again'
    })
  }

  /**
   * Reads once, and begins to write that down. Undefined if the store cannot be read, or an earlier
   * reading is not over: there is one at a time, of each.
   * @param now ms
   */
  async collect (now: number): Promise<Reading | undefined> {
    if (this.#reading || this.#stopping.signal.aborted) return undefined
    this.#reading = true
    try {
      const since = await this.#since(minuteOf(now))
      const told = Promise.all([this.#store.read(since), this.#store.instances()])
      const [records, states] = await within(
        this.#timeout,
        told,
        noAnswer('the store of metrics', this.#timeout)
      )
      this.#reads.worked()
      this.#answeredAt = now
      this.#latest = this.#presences.update(states, now)
      const reading = { at: now, records, states, presences: this.#latest }
      // Records that are not written now are read again.
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

  /** The instances of the last reading; none before the first. */
  get presences (): readonly Presence[] {
    return this.#latest
  }

  currency (now: number): Currency {
    return {
      asOf: this.#asOf,
      connected: this.#answeredAt !== undefined && now - this.#answeredAt < OVERDUE
    }
  }

  /** Resolves when what was read is written. */
  async settled (): Promise<void> {
    await this.#writing
  }

  /** Begins nothing more, and ends what is being written at the next opportunity. */
  async stop (): Promise<void> {
    this.#stopping.abort()
    await this.#writing
  }

  async #since (minute: number): Promise<number> {
    // A long time is written at once, and not read again each second.
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
