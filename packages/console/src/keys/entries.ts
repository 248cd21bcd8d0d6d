import { type Cache, createCache, type Inspected, type ListedKey, type Store } from '@weir/cache'
import { responseSerializer, type StoredResponse } from '@weir/fastify/response-cache'
import { isWanted, type KeyFilter } from './filter.js'

/** The work of one request at most, however few keys meet its conditions. */
export interface ListLimits {
  /** Keys. Default 2000. */
  readonly examined?: number
  /** Milliseconds. Default 500. */
  readonly time?: number
}

/** Keys that meet the conditions, and how far the listing has come. */
export interface FoundKeys {
  readonly keys: readonly ListedKey[]
  readonly cursor: string | undefined
  /** Keys that were looked at. */
  readonly examined: number
}

/** The entry of a key: as the store has it, decoded if its serializer is known here. */
export type FoundEntry =
  | Inspected<StoredResponse> & { readonly cache: 'response' }
  | Inspected<unknown> & { readonly cache: 'values' }
  | { readonly cache: 'unreadable', readonly bytes: number, readonly valid: false, readonly entry: undefined }

// Namespaces that are kept open: each listens to its invalidations.
const MOST_OPEN = 100
// Keys of a page of the store at least.
const LEAST = 20

/** Looks into the namespaces of a store, and invalidates there. */
export class Entries {
  readonly #store: Store
  readonly #values = new Map<string, Cache<unknown>>()
  readonly #responses = new Map<string, Cache<StoredResponse>>()

  constructor (store: Store) {
    this.#store = store
  }

  /** The namespaces that the store tells of; undefined if it cannot. */
  async namespaces () {
    return this.#store.namespaces?.()
  }

  /** Lists from a cursor on until there are `limit` keys, or the work for one request is done. */
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

  /** The entry of a key; undefined if there is none. */
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

  /** Ends entries by tags and keys. No instance serves them when it resolves. */
  async invalidate (
    namespace: string,
    tags: readonly string[],
    keys: readonly string[]
  ): Promise<void> {
    const cache = this.#cache(namespace)
    await Promise.all([cache.invalidate(tags), cache.deleteMany(keys)])
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

/** More namespaces were asked for than this process keeps open. */
export class TooManyNamespaces extends Error {
  constructor () {
    super(`This process has looked into ${MOST_OPEN} namespaces, which is as many as it may`)
  }
}
