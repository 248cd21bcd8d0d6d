/**
 * What is kept of an answer of the upstream: the part that is used, checked, and what is needed to
 * ask whether it still holds.
 */
export interface Document<T> {
  readonly body: T
  /** When it was fetched, or found unchanged: ms since the epoch. */
  readonly fetchedAt: number
  /**
   * When the upstream made it, as far as its age tells (RFC 9111 section 4.2.3): what Age counts
   * from.
   */
  readonly bornAt: number
  readonly etag?: string
  readonly lastModified?: string
}

/** A document that has just been fetched, and how long it is good; ms. */
export interface Fetched<T> {
  readonly document: Document<T>
  readonly lifetime: Lifetime
}

/**
 * How long a document is fresh, and how long after that it may be used nevertheless (RFC 5861); ms.
 */
export interface Lifetime {
  readonly ttl: number
  /** While another one is fetched. */
  readonly staleWhileRevalidate: number
  /** Where another one cannot be fetched. */
  readonly staleIfError: number
}
