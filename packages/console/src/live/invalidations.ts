import { type InstanceState, type Invalidation } from '@weir/metrics'

/** An invalidation, with the instance that made it. */
export interface Invalidated extends Invalidation {
  readonly service: string
  readonly instance: string
}

/** Detects new invalidations among the last few that each process reports. */
export class NewInvalidations {
  #known: Map<string, readonly Invalidation[]> | undefined

  /**
   * Returns each invalidation once, oldest first. Those in the first reading do not count as new.
   */
  next (states: readonly InstanceState[]): Invalidated[] {
    const known = this.#known
    this.#known = new Map(states.map(({ run, invalidations }) => [run, invalidations]))
    if (known === undefined) return []
    return states
      .flatMap(({ run, service, instance, invalidations }) =>
        newest(known.get(run) ?? [], invalidations).map(
          ({ at, namespace, tags }): Invalidated => ({ at, service, instance, namespace, tags })
        )
      )
      .sort((a, b) => a.at - b.at)
  }
}

/**
 * Returns the invalidations after the known ones. The list grows at its end and drops its oldest.
 */
function newest (
  known: readonly Invalidation[],
  now: readonly Invalidation[]
): readonly Invalidation[] {
  const texts = {
    known: known.map((one) => JSON.stringify(one)),
    now: now.map((one) => JSON.stringify(one))
  }
  const forgotten = texts.known.findIndex((_, i) =>
    texts.known.slice(i).every((text, j) => text === texts.now[j])
  )
  return forgotten === -1 ? now : now.slice(known.length - forgotten)
}
