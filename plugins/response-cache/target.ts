import type { ResponseKey } from './key.js'

/** What a fill is for. */
export interface Target {
  readonly key: ResponseKey
  /** Every header that the key has, in lower case. */
  readonly names: readonly string[]
  /**
   * Where the key is one of several variants': the names by which they differ, and the key that
   * says so.
   */
  readonly variant?: { readonly names: readonly string[], readonly of: string }
}

/** The key of what a request for the same URI finds first. */
export const primaryKey = ({ key, variant }: Target): string => variant?.of ?? key.key

/**
 * The key of the request's URI with its query as it was sent, whatever No-Vary-Search has made of
 * that.
 */
export const exactKey = (target: Target): ResponseKey =>
  target.key.exact ?? { ...target.key, key: primaryKey(target) }

/** The kind of a miss (RFC 9211, 2.2). */
export type Miss = 'uri-miss' | 'vary-miss' | 'miss'

/** `miss` where the key has header fields: it cannot tell whether the URI has a response. */
export const missOf = ({ variant, names }: Target): Miss =>
  variant !== undefined ? 'vary-miss' : names.length > 0 ? 'miss' : 'uri-miss'
