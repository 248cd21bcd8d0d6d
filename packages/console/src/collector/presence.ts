import { type InstanceState } from '@weir/metrics'

/** An instance, represented by its latest process. */
export interface Presence {
  readonly state: InstanceState
  /** When the latest report arrived, in ms by the clock of stats. */
  readonly lastSeenAt: number
}

/**
 * Time without a report after which an instance counts as gone, in ms. Instances report once a
 * second.
 */
export const SILENCE = 5000

/** Whether the instance is alive, as of the time of the reading (ms). */
export const isAlive = ({ lastSeenAt, state }: Presence, asOf: number) =>
  state.endedAt === undefined && asOf - lastSeenAt <= SILENCE

/**
 * Tracks when each instance last reported. Timestamps in reports come from clocks that may differ,
 * so only the fact that they change is used.
 */
export class Presences {
  #known = new Map<string, { at: number, lastSeenAt: number }>()

  /** Returns each instance once, by name. */
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
