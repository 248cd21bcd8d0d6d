import { type InstanceState } from '../record.js'
import { type Advice, adviseOn } from './advise.js'
import { type ShadowFinding } from './finding.js'
import { mergeFindings } from './merge.js'

/** Recommendation for a route of a service, from all of its instances. */
export interface RouteAdvice extends Advice {
  readonly service: string
  /** Processes that observed the route within the last day. */
  readonly instances: number
}

/** Recommendations for a fleet. */
export interface FleetAdvice {
  /** Routes without caching, those that save most first. */
  readonly routes: readonly RouteAdvice[]
  /** Routes with caching, which are not observed. */
  readonly cached: readonly { readonly service: string, readonly route: string }[]
}

/**
 * Merges what processes have reported within a day, and recommends. Reports of ended processes
 * count, too: a deployment does not begin anew.
 * @param states result of `MetricsStore.instances`
 */
export function adviseFleet (states: readonly InstanceState[]): FleetAdvice {
  const merged = new Map<string, { service: string, finding: ShadowFinding, instances: number }>()
  const cached = new Map<string, { service: string, route: string }>()
  // The process that started last knows whether a route is cached now.
  for (const state of states.toSorted((a, b) => a.startedAt - b.startedAt)) {
    const { service, shadow = [], routes = [] } = state
    for (const { route } of routes) cached.set(keyOf(service, route), { service, route })
    for (const finding of shadow) {
      const key = keyOf(service, finding.route)
      const before = merged.get(key)
      cached.delete(key)
      merged.set(key, {
        service,
        finding: before === undefined ? finding : mergeFindings(before.finding, finding),
        instances: (before?.instances ?? 0) + 1
      })
    }
  }
  for (const key of cached.keys()) merged.delete(key)
  return {
    routes: [...merged.values()]
      .map(({ service, instances, finding }) => ({ ...adviseOn(finding), service, instances }))
      .sort((a, b) => gainOf(b) - gainOf(a) || b.requests - a.requests ||
        (a.route < b.route ? -1 : 1)),
    cached: [...cached.values()].sort((a, b) => a.route < b.route ? -1 : 1)
  }
}

const keyOf = (service: string, route: string) => JSON.stringify([service, route])

const gainOf = ({ expected }: Advice) => expected?.savedMsPerHour ?? 0
