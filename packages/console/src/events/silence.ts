import { type InstanceState } from '@weir/metrics'
import { SILENCE } from '../collector/presence.js'
import { type NewEvent } from './event.js'

/** Maximum gap between two readings, in ms. The time within a longer gap is not counted. */
const GAP = 3000

interface Heard {
  readonly state: InstanceState
  /** Time of the last report, by the clock of this process. */
  readonly heardAt: number
  /** Time since which readings have contained nothing new. */
  readonly since: number
}

/**
 * Detects processes that fell silent without a graceful close. Only time in which the store was
 * read without a gap counts: after an outage of the store, or a pause of this process, every
 * instance has the full time again to report.
 */
export class Silence {
  readonly #heard = new Map<string, Heard>()
  /** Silent processes, with the time of their last report. */
  readonly #silent: Map<string, number>
  #readAt: number | undefined

  /** @param silent processes already known to be silent, with the time of their last report */
  constructor (silent: ReadonlyMap<string, number> = new Map()) {
    this.#silent = new Map(silent)
  }

  /**
   * Returns an event for each process that fell silent or reported again.
   * @param now ms, by the clock of this process
   */
  next (states: readonly InstanceState[], now: number): NewEvent[] {
    const isGap = this.#readAt === undefined || now < this.#readAt || now - this.#readAt > GAP
    this.#readAt = now
    if (isGap) {
      for (const [run, heard] of this.#heard) this.#heard.set(run, { ...heard, since: now })
    }
    return [...states.flatMap((state) => this.#listen(state, now)), ...this.#fallSilent(now)]
  }

  #listen (state: InstanceState, now: number): NewEvent[] {
    const { run, at, endedAt } = state
    const before = this.#heard.get(run)
    if (endedAt !== undefined) {
      this.#heard.delete(run)
      this.#silent.delete(run)
      return []
    }
    const silentAt = this.#silent.get(run)
    if (silentAt !== undefined && at <= silentAt) return []
    if (before === undefined) {
      this.#heard.set(run, { state, heardAt: Math.min(now, at), since: now })
    } else if (before.state.at !== at) this.#heard.set(run, { state, heardAt: now, since: now })
    if (silentAt === undefined) return []
    this.#silent.delete(run)
    return [{ ...subjectOf(state), key: `returned ${run} ${silentAt}`, at: now, kind: 'returned' }]
  }

  #fallSilent (now: number): NewEvent[] {
    const events: NewEvent[] = []
    for (const [run, { state, heardAt, since }] of this.#heard) {
      if (now - since <= SILENCE) continue
      this.#heard.delete(run)
      this.#silent.set(run, state.at)
      const key = `killed ${run} ${state.at}`
      events.push({ ...subjectOf(state), key, at: heardAt, kind: 'killed' })
    }
    return events
  }

  /** Forgets processes that the store no longer lists. */
  forget (known: ReadonlySet<string>): void {
    for (const run of this.#silent.keys()) if (!known.has(run)) this.#silent.delete(run)
  }
}

/** Returns the fields that all events of one process share. */
export const subjectOf = ({ service, instance, pid, node }: InstanceState) => ({
  service,
  instance,
  about: `pid ${pid}, Node ${node}`
})
