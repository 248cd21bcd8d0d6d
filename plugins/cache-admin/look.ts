import { CacheError, type Inspected } from '@weir/cache'
import { formatNoVarySearch } from '@weir/http'
import { WEIR_ERR_STORE_UNREADABLE } from '../errors.js'
import { StoredResponse } from '../response-cache/stored-response.js'
import type { Located } from './administered.js'
import { named } from './key-tags.js'
import type { EntryFound } from './schemas.js'

/**
 * Reads the entries at a location without affecting counters or entries. If the entry is a list of
 * variants, the result includes the variant that the current request selects.
 * @throws WEIR_ERR_STORE_UNREADABLE
 */
export async function look ({ cache, key, variant }: Located): Promise<EntryFound[]> {
  const found = await entriesOf(cache, key)
  const names = found.map(({ variants }) => variants).find((variants) => variants !== undefined)
  return names === undefined || variant === undefined
    ? found
    : [...found, ...(await entriesOf(cache, variant(names)))]
}

async function entriesOf (cache: Located['cache'], key: string): Promise<EntryFound[]> {
  try {
    const { memory, store } = await cache.inspect(key)
    return [
      ...(memory === undefined ? [] : [told(key, 'memory', memory)]),
      ...(store === undefined ? [] : [told(key, 'store', store)])
    ]
  } catch (error) {
    if (!(error instanceof CacheError)) throw error
    throw Object.assign(new WEIR_ERR_STORE_UNREADABLE({ cause: error }), {
      headers: { 'retry-after': '1' }
    })
  }
}

function told (
  key: string,
  where: EntryFound['where'],
  { entry, bytes, valid }: Inspected<unknown>
): EntryFound {
  const { value, storedAt, freshUntil, staleUntil, errorUntil, tags, filledBy, cost } = entry
  return {
    key,
    where,
    valid,
    storedAt: time(storedAt),
    age: Math.max(0, Math.floor((Date.now() - storedAt) / 1000)),
    freshUntil: time(freshUntil),
    staleUntil: time(staleUntil),
    errorUntil: time(errorUntil),
    tags: named(tags),
    filledBy,
    costMs: cost / 1000,
    bytes,
    ...(value instanceof StoredResponse && ofResponse(value))
  }
}

function ofResponse (response: StoredResponse): Partial<EntryFound> {
  const { variesBy, ruledBy, status } = response
  if (variesBy !== undefined) return { variants: [...variesBy] }
  if (ruledBy !== undefined) {
    return { noVarySearch: ruledBy.rule === undefined ? '' : formatNoVarySearch(ruledBy.rule) }
  }
  const etag = response.header('etag')
  return { status, ...(etag !== undefined && { etag }) }
}

const time = (ms: number) => new Date(ms).toISOString()
