import type { Cache } from '@weir/cache'
import type { FastifyRequest } from 'fastify'

type SomeCache = Pick<
  Cache<unknown>,
  'namespace' | 'invalidate' | 'inspect' | 'countInMemory' | 'stats'
>

/** An entry that a URL is answered from. */
export interface Located {
  readonly cache: SomeCache
  readonly key: string
  /** Invalidates it. */
  readonly tag: string
  /**
   * The key of what the request at hand selects, where the entry is a list of variants that differ
   * by these headers.
   */
  readonly variant?: (names: readonly string[]) => string
}

/** What is administered: caches of one namespace in one store, and what of them is behind a URL. */
export interface AdministeredCache {
  /** By the names that statistics have them under. Tags count for all of them. */
  readonly caches: Readonly<Record<string, SomeCache>>
  /**
   * What a URL of the service is answered from; undefined for one that nothing is ever kept for.
   */
  locate (url: string, request: FastifyRequest): Promise<readonly Located[] | undefined>
  /** Invalidates everything in them. */
  clear (): Promise<void>
}
