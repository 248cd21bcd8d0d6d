/** A destination of a service's edge, such as a CDN, as one of its instances sees it. */
export interface EdgeDestinationState {
  readonly destination: string
  /** Tags that it has not confirmed yet. */
  readonly pending: number
  /** Age of the oldest of them, in ms; 0: none. */
  readonly oldestMs: number
  readonly dead: number
  /** Tags that it has confirmed to this process, and calls of this process that failed. */
  readonly confirmed: number
  readonly failed: number
  readonly state: 'ok' | 'failing' | 'limited'
  /** Error of the last call. Left out if it succeeded. */
  readonly error?: string
}

/** A purge that was given up. */
export interface EdgeLetter {
  readonly destination: string
  readonly id: string
  readonly tag: string
  readonly error: string
  /** ISO 8601. */
  readonly died: string
}

/** The edge of a service, reported by each of its instances. */
export interface EdgeState {
  /** True if all instances share backlog and dead letters; false: each has its own. */
  readonly isShared: boolean
  readonly destinations: readonly EdgeDestinationState[]
  /** The first dead letters. */
  readonly letters: readonly EdgeLetter[]
}

/** A request that a console or a program leaves to the instances of a service with an edge. */
export type EdgeRequest = { readonly id: string } & (
  /** An invalidation that is in force in the fleet. */
  | { readonly action: 'purge', readonly tags: readonly string[] }
  | {
    readonly action: 'retry' | 'discard'
    readonly letters: readonly Pick<EdgeLetter, 'destination' | 'id'>[]
  }
)

/** Bounds of a report, which is written once a second. */
export const MOST_LETTERS = 20
const MOST_DESTINATIONS = 20
const LONGEST = 300

/** Returns a report within its bounds. */
export const boundedEdge = ({ isShared, destinations, letters }: EdgeState): EdgeState => ({
  isShared,
  destinations: destinations.slice(0, MOST_DESTINATIONS).map(({ error, ...rest }) => ({
    ...rest, ...(error !== undefined && { error: error.slice(0, LONGEST) })
  })),
  letters: letters.slice(0, MOST_LETTERS).map((letter) => ({
    ...letter, tag: letter.tag.slice(0, LONGEST), error: letter.error.slice(0, LONGEST)
  }))
})

/**
 * Returns the name of the box for requests to a service, or to one of its instances if that alone
 * has the dead letters.
 */
export const edgeBox = (service: string, instance?: string): string =>
  JSON.stringify(['edge', service, ...instance === undefined ? [] : [instance]])
