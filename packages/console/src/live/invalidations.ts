import { type InstanceState, type Invalidation } from '@weir/metrics'

/** Something that an instance has invalidated. */
export interface Invalidated extends Invalidation {
  readonly service: string
  readonly instance: string
}

/** Finds what is new in the last few invalidations that each process tells of. */
export class NewInvalidations {
  #known: Map<string, readonly Invalidation[]> | undefined

  /** Each once, the oldest first; none of those that were there at the first look. */
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

/** What follows on what was known: the list moves on, and forgets at its beginning. */
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
