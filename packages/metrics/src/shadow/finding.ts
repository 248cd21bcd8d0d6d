/** Candidate lifetimes for which caching is simulated, as values of `ttl`. */
export const SHADOW_TTLS = ['1s', '5s', '30s', '1m', '5m', '1h', '1d'] as const
export type ShadowTtl = typeof SHADOW_TTLS[number]

/** The same lifetimes in ms. */
export const SHADOW_TTLS_MS = [
  1000, 5000, 30_000, 60_000, 300_000, 3_600_000, 86_400_000
] as const

/** Comparisons of two responses for the same URL whose requests differ in one way. */
export interface Comparisons {
  /** Number of pairs with the same body. */
  readonly same: number
  /** Number of pairs with different bodies, which a change over time may explain. */
  readonly differ: number
  /** Number of proofs: the first body was sent again after the different one. */
  readonly proven: number
}

/**
 * Observations of one instance about one route without caching, since it began to observe.
 *
 * Numbers of observed requests are weighted by the sampling rate at their time, so that they
 * estimate numbers of all requests. Lists have one number for each of `SHADOW_TTLS`.
 */
export interface ShadowFinding {
  /** Such as `GET /products/:id`. */
  readonly route: string
  /** Start and end of the observation, ms since 1970. */
  readonly since: number
  readonly until: number
  /** All requests, counted exactly. */
  readonly requests: number
  /** Observed requests, and those among them that identify a user. */
  readonly sampled: number
  readonly identified: number
  /** The same, weighted. */
  readonly weight: number
  /** Weighted requests that a cache could have answered: not those that identify a user. */
  readonly eligible: number
  /** Estimated number of different URLs. */
  readonly keys: number
  /** Weighted requests that a cache with each lifetime would have answered. */
  readonly hits: readonly number[]
  /** Weighted hits for which it is known whether the body would have been the current one. */
  readonly judged: readonly number[]
  /** Weighted hits among them with an outdated body. */
  readonly stale: readonly number[]
  /** Responses whose body was hashed, and sums over them: handler time in µs, bytes of bodies. */
  readonly probes: number
  readonly micros: number
  readonly bytes: number
  /** Probed responses by property that caching depends on. */
  readonly signs: Readonly<Record<Sign, number>>
  /** Comparisons between users. `unclear` are proofs where a header differed, too. */
  readonly users: Comparisons & { readonly unclear: number }
  /** Comparisons by the request header that differed. */
  readonly headers: Readonly<Record<string, Comparisons>>
  /** Request headers with a name of credentials that the application did not list. */
  readonly carried: readonly string[]
  /** Request headers that responses name in Vary. */
  readonly declaredVary: readonly string[]
  /** Pairs of successive responses for the same request, and those among them that changed. */
  readonly intervals: number
  readonly changes: number
  /** Changes back to the body before. */
  readonly flips: number
  /** Those among them after one or two responses with the other body, and without a write. */
  readonly brief: number
  /** Returns of a URL to an earlier status, as in 200, 404, 200, without a write. */
  readonly statusFlips: number
  /** Responses of the handler that refused a client, of observed requests or others. */
  readonly refused: number
  /** Intervals with a write, by route of the write: with and without a change of the body. */
  readonly writes: Readonly<Record<string, readonly [changed: number, unchanged: number]>>
}

/** Properties of responses, and of their requests, that caching depends on. */
export const SIGNS = [
  'setCookie',
  'private',
  'noStore',
  'varyAny',
  'varyUser',
  'credentials',
  'declared',
  'status',
  'tooLarge',
  'expired'
] as const

/**
 * - `setCookie`: Set-Cookie
 * - `private`, `noStore`: Cache-Control
 * - `varyAny`, `varyUser`: `Vary: *`, or a field that identifies users
 * - `credentials`: the request identifies a user
 * - `declared`: declared as the same for all users by `public` or `s-maxage`
 * - `status`: neither 200 nor another status whose response is stored by `ttl`
 * - `tooLarge`: larger than 1 MiB
 * - `expired`: without Cache-Control, and with an Expires in the past or `Pragma: no-cache`
 */
export type Sign = typeof SIGNS[number]
