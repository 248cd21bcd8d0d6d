import { type EdgeDestinationState, type EdgeLetter, type InstanceState } from '@weir/metrics'

/** A destination, as all instances of a service see it together. */
export interface EdgeDestinationFigures extends Omit<EdgeDestinationState, 'error'> {
  readonly error: string | null
}

/** A dead letter. `instance`: the one that has it; null if all instances share it. */
export type KnownLetter = EdgeLetter & { readonly instance: string | null }

/** The caches beyond a fleet that one service purges. */
export interface ServiceEdge {
  readonly service: string
  /** The namespace of its response cache; null if it announces none. */
  readonly namespace: string | null
  readonly destinations: readonly EdgeDestinationFigures[]
  readonly letters: readonly KnownLetter[]
}

/** Returns the edges of services by the reports of their instances. */
export function edgesOf (states: readonly InstanceState[]): ServiceEdge[] {
  const byService = new Map<string, InstanceState[]>()
  for (const state of states) {
    if (state.edge === undefined) continue
    byService.set(state.service, [...byService.get(state.service) ?? [], state])
  }
  return [...byService].sort(([a], [b]) => (a < b ? -1 : 1)).map(([service, instances]) => {
    const newest = [...instances].sort((a, b) => b.at - a.at)
    return {
      service,
      namespace: newest[0]?.announced?.namespace ?? null,
      destinations: destinationsOf(newest),
      letters: lettersOf(newest)
    }
  })
}

function destinationsOf (newest: readonly InstanceState[]): EdgeDestinationFigures[] {
  const known = new Map<string, EdgeDestinationFigures>()
  for (const { edge } of newest) {
    for (const { error = null, ...found } of edge?.destinations ?? []) {
      const before = known.get(found.destination)
      if (before === undefined) {
        known.set(found.destination, { ...found, error })
        continue
      }
      // Shared rows are counted once, by the latest report.
      const isAdded = edge?.isShared !== true
      known.set(found.destination, {
        ...before,
        pending: before.pending + (isAdded ? found.pending : 0),
        dead: before.dead + (isAdded ? found.dead : 0),
        oldestMs: isAdded ? Math.max(before.oldestMs, found.oldestMs) : before.oldestMs,
        confirmed: before.confirmed + found.confirmed,
        failed: before.failed + found.failed,
        state: worse(before.state, found.state),
        error: before.error ?? error
      })
    }
  }
  return [...known.values()].sort((a, b) => (a.destination < b.destination ? -1 : 1))
}

const BAD = ['ok', 'limited', 'failing'] as const
const worse = (a: typeof BAD[number], b: typeof BAD[number]) =>
  BAD.indexOf(a) > BAD.indexOf(b) ? a : b

function lettersOf (newest: readonly InstanceState[]): KnownLetter[] {
  const shared = newest.find(({ edge }) => edge?.isShared === true)?.edge?.letters ?? []
  const byName = newest.toSorted((a, b) => (a.instance < b.instance ? -1 : 1))
  const own = byName.flatMap(({ instance, edge }) =>
    edge?.isShared === true ? [] : (edge?.letters ?? []).map((letter) => ({ ...letter, instance })))
  return [...shared.map((letter) => ({ ...letter, instance: null })), ...own]
}
