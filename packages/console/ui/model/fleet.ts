import type { Outcome } from '@weir/metrics'
import { type OutcomeCounts, type Tick } from './api.js'
import { count, rate } from './format.js'
import { OUTCOMES } from './outcomes.js'

/** Requests of the last second by the part of the fleet they reached. Rates are requests/s. */
export interface Flow {
  readonly requests: number
  /** Answered by the instance itself: from memory, stale, coalesced or rate-limited. */
  readonly memory: number
  /** Answered from the shared store. */
  readonly store: number
  /** Computed by a handler, including refills. */
  readonly origin: number
  readonly services: readonly FleetService[]
  readonly storeName: string
}

/** The instances of one service. */
export interface FleetService {
  readonly name: string
  readonly instances: readonly FleetInstance[]
}

/** One instance, with the outcome that most of its requests had in the last second. */
export interface FleetInstance {
  readonly name: string
  readonly isUp: boolean
  readonly requests: number
  readonly outcome: Outcome | undefined
}

const STORE: readonly Outcome[] = ['l2']
const ORIGIN: readonly Outcome[] = ['miss', 'bypass', 'uncached', 'refill', 'error']

/** Summarizes a tick for the diagram. */
export function flowOf (tick: Tick): Flow {
  const each = tick.requests === 0 ? 1 : tick.requestsPerSecond / tick.requests
  const of = (outcomes: readonly Outcome[]) => sum(tick.outcomes, outcomes) * each
  const [store, origin] = [of(STORE), of(ORIGIN)]
  const rest = OUTCOMES.map(({ outcome }) => outcome).filter(
    (one) => !STORE.includes(one) && !ORIGIN.includes(one)
  )
  return {
    requests: tick.requestsPerSecond,
    memory: of(rest),
    store,
    origin,
    services: servicesOf(tick),
    storeName: tick.redis === null ? 'SQLite' : 'Redis'
  }
}

/** Describes the diagram in sentences. */
export function flowText ({ requests, memory, store, origin, services }: Flow): string {
  const instances = services.flatMap((service) => service.instances)
  const up = instances.filter(({ isUp }) => isUp).length
  const fleet = `${up} of ${instances.length} instances are up.`
  if (requests === 0 && origin === 0) return `No requests in the last second. ${fleet}`
  return (
    `Last second: ${perSecond(requests)} requests/s. ${perSecond(memory)}/s answered from the memory of an instance, ` +
    `${perSecond(store)}/s from the shared store, ${perSecond(origin)}/s computed by the origin. ${fleet}`
  )
}

/**
 * Formats a rate, rounded from one up because a tick is not exactly a second.
 *
 * @example perSecond(9.01) // '9'
 */
export const perSecond = (value: number): string => value < 1 ? rate(value) : count(value)

function servicesOf ({ instances }: Tick): FleetService[] {
  const byName = new Intl.Collator('en', { numeric: true }).compare
  const names = [...new Set(instances.map(({ service }) => service))].sort(byName)
  return names.map((name) => ({
    name,
    instances: instances
      .filter(({ service }) => service === name)
      .map(({ instance, alive, requests, outcomes }) => ({
        name: instance,
        isUp: alive,
        requests,
        outcome: most(outcomes)
      }))
      .sort((a, b) => byName(a.name, b.name))
  }))
}

/** Returns the most frequent outcome, and on a tie the cheaper one. */
function most (outcomes: OutcomeCounts): Outcome | undefined {
  const [first] = OUTCOMES.map(({ outcome }) => ({ outcome, times: outcomes[outcome] ?? 0 }))
    .filter(({ times }) => times > 0).sort((a, b) => b.times - a.times)
  return first?.outcome
}

const sum = (counts: OutcomeCounts, outcomes: readonly Outcome[]): number =>
  outcomes.reduce((total, outcome) => total + (counts[outcome] ?? 0), 0)
