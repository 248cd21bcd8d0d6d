import type { ResponseKey } from './key.js'

/** Target of a fill. */
export interface Target {
  readonly key: ResponseKey
  /** Every header in the key, in lower case. */
  readonly names: readonly string[]
  /**
   * Variant, if the key is one of several: the names by which they differ, and the key of their
   * list.
   */
  readonly variant?: { readonly names: readonly string[], readonly of: string }
}

/** Returns the key that a request for the same URI finds first. */
export const primaryKey = ({ key, variant }: Target): string => variant?.of ?? key.key

/** Returns the key of the request's URI with its query as sent, regardless of No-Vary-Search. */
export const exactKey = (target: Target): ResponseKey =>
  target.key.exact ?? { ...target.key, key: primaryKey(target) }

/** Kind of a miss (RFC 9211, 2.2). */
export type Miss = 'uri-miss' | 'vary-miss' | 'miss'

/**
 * Returns the kind of a miss. `miss` if the key has header fields: then it is unknown whether the
 * URI has a response.
 */
export const missOf = ({ variant, names }: Target): Miss =>
  variant !== undefined ? 'vary-miss' : names.length > 0 ? 'miss' : 'uri-miss'
