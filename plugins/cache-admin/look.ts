import { type Cache, createCache, type Entry, type Serializer, type Store } from '@weir/cache'
import { WEIR_ERR_STORE_UNREADABLE } from '../errors.js'
import { StoredResponse } from '../response-cache/stored-response.js'
import type { Located } from './administered.js'
import { named } from './key-tags.js'
import type { EntryFound } from './schemas.js'

/**
 * Looks at what is kept so that nobody notices: it counts as no hit, claims and refills nothing, and brings nothing into memory. An
 * instance's memory does not say what it has that is no longer fresh where the store has something newer: then only that is seen.
 */
export class Look {
  /** The store, without memory before it. */
  readonly #shared: Cache<unknown>

  constructor (store: Store, namespace: string, serializer: Serializer<unknown>) {
    this.#shared = createCache({ store, namespace, serializer, l1: false })
  }

  /** @throws WEIR_ERR_STORE_UNREADABLE */
  async at ({ cache, key, variant }: Located): Promise<EntryFound[]> {
    const found = await this.#at(cache, key)
    const names = found.map(({ variants }) => variants).find((variants) => variants !== undefined)
    return names === undefined || variant === undefined ? found : [...found, ...await this.#at(cache, variant(names))]
  }

  async #at (cache: Located['cache'], key: string): Promise<EntryFound[]> {
    const shared = await this.#inStore(key)
    const own = await cache.kept(key)
    // It was not there before.
    if (own?.source === 'l2') cache.evict(key)
    return [
      ...own?.source === 'l1' ? [told(key, 'memory', own.entry)] : [],
      ...shared === undefined ? [] : [told(key, 'store', shared)]
    ]
  }

  async #inStore (key: string): Promise<Entry<unknown> | undefined> {
    const { errors } = this.#shared.stats()
    const hit = await this.#shared.kept(key)
    // A read that fails finds nothing, and is counted.
    if (this.#shared.stats().errors > errors) throw Object.assign(new WEIR_ERR_STORE_UNREADABLE(), { headers: { 'retry-after': '1' } })
    return hit?.entry
  }
}

function told (key: string, where: EntryFound['where'], entry: Entry<unknown>): EntryFound {
  const { value, storedAt, freshUntil, staleUntil, errorUntil, tags, filledBy, cost } = entry
  return {
    key,
    where,
    storedAt: time(storedAt),
    age: Math.max(0, Math.floor((Date.now() - storedAt) / 1000)),
    freshUntil: time(freshUntil),
    staleUntil: time(staleUntil),
    errorUntil: time(errorUntil),
    tags: named(tags),
    filledBy,
    costMs: cost / 1000,
    ...(value instanceof StoredResponse && ofResponse(value))
  }
}

function ofResponse (response: StoredResponse): Partial<EntryFound> {
  const { variesBy, status, body } = response
  if (variesBy !== undefined) return { variants: [...variesBy] }
  const etag = response.header('etag')
  return { status, bytes: body.length, ...(etag !== undefined && { etag }) }
}

const time = (ms: number) => new Date(ms).toISOString()
