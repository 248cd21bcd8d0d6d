import { type Edge } from '@weir/edge'

/** Result of an invalidation that is in force on every instance. */
export interface Invalidated {
  /**
   * Caches at the edge that have not confirmed in the time that a write waits for them, by name:
   * they are purged as soon as they answer.
   */
  readonly unconfirmed: readonly string[]
}

/** Applications that may have an edge. */
interface Passing {
  readonly edge?: { readonly edge: Pick<Edge, 'invalidate'> }
}

/**
 * Invalidates the fleet by `work`, and passes it on to the edge, if there is one. Everything that
 * ends responses comes through here.
 */
export async function passOn (
  { edge }: Passing,
  tags: readonly string[],
  work: () => Promise<void>,
  isBounded = false
): Promise<Invalidated> {
  if (edge !== undefined) {
    return { unconfirmed: await edge.edge.invalidate(tags, work, { isBounded }) }
  }
  await work()
  return { unconfirmed: [] }
}
