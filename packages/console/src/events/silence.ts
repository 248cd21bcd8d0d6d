import { type InstanceState } from '@weir/metrics'
import { SILENCE } from '../collector/presence.js'
import { type NewEvent } from './event.js'

/** Readings that are further apart, in ms, tell nothing of the time between them. */
const GAP = 3000

interface Heard {
  readonly state: InstanceState
  /** When it was heard of last, by the clock of this process. */
  readonly heardAt: number
  /** Since when readings have told nothing new. */
  readonly since: number
}

/**
 * Finds processes that are silent without having said that they end. Only the time in which the
 * store was read without a gap counts: after an outage of the store, or a pause of this process,
 * every instance gets the whole time again to tell of itself.
 */
export class Silence {
  readonly #heard = new Map<string, Heard>()
  /** Processes that were found silent, by when they had told of themselves last. */
  readonly #silent: Map<string, number>
  #readAt: number | undefined

  /** @param silent processes that are known to be silent, by when they told of themselves last */
  constructor (silent: ReadonlyMap<string, number> = new Map()) {
    this.#silent = new Map(silent)
  }

  /**
   * Processes that fell silent, and those that are heard of again.
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

  /** Forgets processes that the store does not know any more. */
  forget (known: ReadonlySet<string>): void {
    for (const run of this.#silent.keys()) if (!known.has(run)) this.#silent.delete(run)
  }
}

/** Makes the part that events of one process have in common. */
export const subjectOf = ({ service, instance, pid, node }: InstanceState) => ({
  service,
  instance,
  about: `pid ${pid}, Node ${node}`
})
