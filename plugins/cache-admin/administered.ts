import type { Cache } from '@weir/cache'
import type { FastifyRequest } from 'fastify'
import type { Invalidated } from '../response-cache/index.js'

type SomeCache = Pick<
  Cache<unknown>,
  'namespace' | 'invalidate' | 'inspect' | 'countInMemory' | 'stats'
>

/** Cache entry from which a URL is answered. */
export interface Located {
  readonly cache: SomeCache
  readonly key: string
  /** Tag that invalidates the entry. */
  readonly tag: string
  /**
   * Returns the key of the variant that the current request selects by these headers, if the entry
   * is a list of variants.
   */
  readonly variant?: (names: readonly string[]) => string
}

/** Administered caches of one namespace in one store, with a lookup by URL. */
export interface AdministeredCache {
  /** Caches by the names used in statistics. Tags apply to all of them. */
  readonly caches: Readonly<Record<string, SomeCache>>
  /**
   * Finds the entries from which a URL of the service is answered; undefined if it is never cached.
   */
  locate (url: string, request: FastifyRequest): Promise<readonly Located[] | undefined>
  /**
   * Invalidates tags, in place of the first cache: for caches that others follow. The result names
   * those that have not confirmed.
   */
  invalidate? (tags: readonly string[]): Promise<Invalidated>
  /** Invalidates all entries. */
  clear (): Promise<Invalidated | void>
}
