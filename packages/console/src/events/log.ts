import { type FastifyBaseLogger } from 'fastify'
import { type Kysely } from 'kysely'
import { type Reading } from '../collector/collector.js'
import { type StatsSchema } from '../db/schema.js'
import { DAY, MINUTE } from '../history/time.js'
import { LogChanges } from '../log-changes.js'
import { type LoggedEvent, type NewEvent } from './event.js'
import { lastEventId, readNewEvents, readSilent } from './read.js'
import { Silence } from './silence.js'
import { toldBy } from './told.js'
import { type RedisChange, writeEvents } from './write.js'

/** Maximum number of events that wait for an unavailable database. */
const MOST_WAITING = 2000

/**
 * Detects events in the reports of instances and writes each once, even if several processes share
 * the file. Failed writes are retried with the next reading.
 */
export class EventLog {
  readonly #db: Kysely<StatsSchema>
  readonly #writes: LogChanges
  #silence: Silence | undefined
  /** Keys of the events in the last reading. */
  #known: ReadonlySet<string> = new Set()
  #waiting: NewEvent[] = []
  #isConnected: boolean | undefined
  #redis: RedisChange | undefined
  /** Id of the last event that was sent to viewers. */
  #toldId: number | undefined
  #updating: Promise<LoggedEvent[]> | undefined
  #isStopped = false

  constructor ({ db, log }: { db: Kysely<StatsSchema>, log: FastifyBaseLogger }) {
    this.#db = db
    this.#writes = new LogChanges(log, {
      failed: 'events cannot be written to the database of the console',
      back: 'events are written to the database of the console again'
    })
  }

  /**
   * Writes the events of a reading.
   * @param reading undefined if the metrics store did not respond
   * @param isConnected whether Redis responds; undefined if unknown
   * @param now ms since 1970
   * @returns events written by any process since the previous call, oldest first
   */
  async update (
    reading: Reading | undefined,
    isConnected: boolean | undefined,
    now: number
  ): Promise<LoggedEvent[]> {
    if (this.#isStopped || this.#updating !== undefined) return []
    this.#updating = this.#update(reading, isConnected, now).catch((error: unknown) => {
      if (!this.#isStopped) this.#writes.failed(error)
      return []
    })
    try {
      return await this.#updating
    } finally {
      this.#updating = undefined
    }
  }

  /** Waits for the current write and writes nothing more. */
  async stop (): Promise<void> {
    this.#isStopped = true
    await this.#updating
  }

  async #update (
    reading: Reading | undefined,
    isConnected: boolean | undefined,
    now: number
  ): Promise<LoggedEvent[]> {
    this.#toldId ??= await lastEventId(this.#db)
    this.#silence ??= new Silence(await readSilent(this.#db, now - DAY * MINUTE))
    if (reading !== undefined) this.#find(reading, this.#silence)
    if (isConnected !== undefined && isConnected !== this.#isConnected) {
      this.#isConnected = isConnected
      this.#redis = { at: now, isConnected }
    }
    await writeEvents(this.#db, this.#waiting, this.#redis)
    this.#waiting = []
    this.#redis = undefined
    this.#writes.worked()
    const written = await readNewEvents(this.#db, this.#toldId)
    this.#toldId = written.at(-1)?.id ?? this.#toldId
    return written
  }

  #find ({ at, states }: Reading, silence: Silence): void {
    const told = states.flatMap(toldBy)
    const isNew = told.filter(({ key }) => !this.#known.has(key))
    this.#known = new Set(told.map(({ key }) => key))
    this.#waiting = [...this.#waiting, ...isNew, ...silence.next(states, at)]
      .sort((a, b) => a.at - b.at)
      .slice(-MOST_WAITING)
    silence.forget(new Set(states.map(({ run }) => run)))
  }
}
