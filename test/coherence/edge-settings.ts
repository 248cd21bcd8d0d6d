/** The destinations that can be checked. */
export const EDGES = ['varnish', 'nginx', 'region'] as const

export type EdgeKind = typeof EDGES[number]

/** The secret of Varnish, of the other region, and of the instances. */
export const EDGE_SECRET = 'the-checked-secret'

/**
 * Milliseconds until the second purge: more than the longest fetch by nginx; more than `LAG` and
 * the time for which an instance of the other region may be frozen.
 */
export const AGAIN = { nginx: 5000, region: 4000 } as const

/**
 * Milliseconds for the delivery of what is due, through faults: they last up to 2 s, and the relay
 * pauses after failures.
 */
export const DELIVERY = 8000

/** Milliseconds by which the database of the other region is behind. */
export const LAG = 1000
