import { type InstanceState } from '@weir/metrics'

/** An instance, by the last process of that name. */
export interface Presence {
  readonly state: InstanceState
  /** When it was heard of, by the clock of stats: ms */
  readonly lastSeenAt: number
}

/**
 * Instances that were not heard of for so long are not there, in ms: they tell of themselves each
 * second.
 */
export const SILENCE = 5000

/** Whether the instance is there, as of when was looked (ms). */
export const isAlive = ({ lastSeenAt, state }: Presence, asOf: number) =>
  state.endedAt === undefined && asOf - lastSeenAt <= SILENCE

/**
 * Says when instances were heard of. What they say themselves of the time is by clocks that may
 * differ: only that it changes counts.
 */
export class Presences {
  #known = new Map<string, { at: number, lastSeenAt: number }>()

  /** Each instance once, by name. */
  update (states: readonly InstanceState[], now: number): Presence[] {
    const known = new Map<string, { at: number, lastSeenAt: number }>()
    const latest = new Map<string, Presence>()
    for (const state of states) {
      const { run, service, instance, at } = state
      const before = this.#known.get(run)
      const lastSeenAt =
        before === undefined ? Math.min(now, at) : before.at === at ? before.lastSeenAt : now
      known.set(run, { at, lastSeenAt })
      const name = JSON.stringify([service, instance])
      const other = latest.get(name)
      if (other === undefined || other.state.startedAt < state.startedAt) {
        latest.set(name, { state, lastSeenAt })
      }
    }
    this.#known = known
    return [...latest.entries()].sort(([a], [b]) => a < b ? -1 : 1).map(([, presence]) => presence)
  }
}
