import { AsyncLocalStorage } from 'node:async_hooks'
import { subscribe } from 'node:diagnostics_channel'
import { type Cache, type CacheEvents, createCache, type Inspected, type ListedKey, type Store } from '@weir/cache'
import { responseSerializer, type StoredResponse } from '@weir/fastify/response-cache'
import { isWanted, type KeyFilter } from './filter.js'

/** Bounds the work of one request, even if few keys match. */
export interface ListLimits {
  /** Keys. Default 2000. */
  readonly examined?: number
  /** Milliseconds. Default 500. */
  readonly time?: number
}

/** Matching keys, and how far the listing has progressed. */
export interface FoundKeys {
  readonly keys: readonly ListedKey[]
  readonly cursor: string | undefined
  /** Number of keys examined. */
  readonly examined: number
}

/** The entry of a key as stored; decoded if its serializer is known. */
export type FoundEntry =
  | Inspected<StoredResponse> & { readonly cache: 'response' }
  | Inspected<unknown> & { readonly cache: 'values' }
  | { readonly cache: 'unreadable', readonly bytes: number, readonly valid: false, readonly entry: undefined }

/** An invalidation in the store. */
export type Invalidated = Pick<CacheEvents['weir:cache:invalidate'], 'tags' | 'stamp'>

// The cache tells stamps by events only, within the call that they belong to.
const invalidating = new AsyncLocalStorage<Invalidated[]>()
subscribe('weir:cache:invalidate', (message) => {
  const { tags, stamp } = message as CacheEvents['weir:cache:invalidate']
  invalidating.getStore()?.push({ tags, stamp })
})

// Maximum number of open namespaces; each subscribes to its invalidations.
const MOST_OPEN = 100
// Minimum number of keys per page of the store.
const LEAST = 20

/** Reads and invalidates entries in the namespaces of a store. */
export class Entries {
  readonly #store: Store
  readonly #values = new Map<string, Cache<unknown>>()
  readonly #responses = new Map<string, Cache<StoredResponse>>()

  constructor (store: Store) {
    this.#store = store
  }

  /** Returns the namespaces of the store; undefined if the store cannot list them. */
  async namespaces () {
    return this.#store.namespaces?.()
  }

  /**
   * Lists keys from a cursor on until `limit` keys match or the bound of the request is reached.
   */
  async list (
    namespace: string,
    filter: KeyFilter,
    { cursor: from, limit }: { readonly cursor?: string | undefined; readonly limit: number },
    { examined: most = 2000, time = 500 }: ListLimits = {}
  ): Promise<FoundKeys> {
    const cache = this.#cache(namespace)
    const began = performance.now()
    const keys: ListedKey[] = []
    let examined = 0
    let cursor = from
    do {
      const page = await cache.keys({ cursor, limit: Math.max(LEAST, limit - keys.length) })
      examined += page.keys.length
      const now = Date.now()
      keys.push(...page.keys.filter((listed) => isWanted(listed, filter, now)))
      cursor = page.cursor
    } while (
      cursor !== undefined &&
      keys.length < limit &&
      examined < most &&
      performance.now() - began < time
    )
    return { keys, cursor, examined }
  }

  /** Returns the entry of a key; undefined if there is none. */
  async find (namespace: string, key: string): Promise<FoundEntry | undefined> {
    const responses = open(this.#responses, namespace, () =>
      createCache({
        store: this.#store,
        namespace,
        l1: false,
        serializer: responseSerializer
      }))
    const response = (await responses.inspect(key)).store
    if (response !== undefined) return { cache: 'response', ...response }
    const value = (await this.#cache(namespace).inspect(key)).store
    if (value !== undefined) return { cache: 'values', ...value }
    const [frame] = await this.#store.namespace(namespace).entries.get([key])
    return frame && { cache: 'unreadable', bytes: frame.length, valid: false, entry: undefined }
  }

  /**
   * Invalidates entries by tags and keys. Once resolved, no instance serves them.
   * @returns the invalidations in the store; a key is a tag that is marked
   */
  async invalidate (
    namespace: string,
    tags: readonly string[],
    keys: readonly string[]
  ): Promise<readonly Invalidated[]> {
    const cache = this.#cache(namespace)
    const made: Invalidated[] = []
    await invalidating.run(made, () =>
      Promise.all([cache.invalidate(tags), cache.deleteMany(keys)]))
    return made
  }

  #cache (namespace: string): Cache<unknown> {
    return open(this.#values, namespace, () =>
      createCache({ store: this.#store, namespace, l1: false }))
  }
}

function open<C> (caches: Map<string, C>, namespace: string, make: () => C): C {
  const known = caches.get(namespace)
  if (known !== undefined) return known
  if (caches.size >= MOST_OPEN) throw new TooManyNamespaces()
  const cache = make()
  caches.set(namespace, cache)
  return cache
}

/** Thrown when a request exceeds the number of namespaces that this process keeps open. */
export class TooManyNamespaces extends Error {
  constructor () {
    super(`This process has looked into ${MOST_OPEN} namespaces, which is as many as it may`)
  }
}
