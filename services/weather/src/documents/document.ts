/**
 * Stored part of an upstream response: the parsed content, and the data needed to revalidate it.
 */
export interface Document<T> {
  readonly body: T
  /** Time of the last fetch or successful revalidation: ms since the epoch. */
  readonly fetchedAt: number
  /**
   * Time at which the upstream created it, according to its age (RFC 9111 section 4.2.3): the start
   * of Age.
   */
  readonly bornAt: number
  readonly etag?: string
  readonly lastModified?: string
}

/** Document that has just been fetched, with its lifetimes in ms. */
export interface Fetched<T> {
  readonly document: Document<T>
  readonly lifetime: Lifetime
}

/**
 * Lifetimes of a document in ms: while it is fresh, and how long it may be used after that (RFC
 * 5861).
 */
export interface Lifetime {
  readonly ttl: number
  /** While a new one is fetched. */
  readonly staleWhileRevalidate: number
  /** If a new one cannot be fetched. */
  readonly staleIfError: number
}
