import { hashOf } from './hash.js'

/** The state of a key. `invalid` entries were invalidated or written by another package version. */
export type KeyState = 'fresh' | 'stale' | 'expired' | 'invalid'

/** A key of a cache as the API returns it. Times are ms since 1970. */
export interface Key {
  readonly key: string
  readonly state: KeyState
  readonly bytes: number
  readonly tags: readonly string[]
  readonly storedAt: number | null
  readonly freshUntil: number | null
  readonly staleUntil: number | null
  readonly filledBy: string | null
  readonly url: string | null
  readonly route: string | null
  readonly selects: readonly string[]
}

export interface KeysPage {
  readonly namespace: string
  readonly keys: readonly Key[]
  readonly cursor: string | null
  readonly examined: number
}

export interface KeyEntry extends Key {
  readonly namespace: string
  readonly errorUntil: number | null
  readonly costMs: number | null
  readonly response: {
    readonly status: number
    readonly headers: readonly { readonly name: string, readonly value: string }[]
  } | null
  readonly preview: {
    readonly kind: 'text' | 'bytes' | 'variants' | 'unreadable'
    readonly text: string
    readonly truncated: boolean
  }
}

export interface Namespaces {
  readonly namespaces: readonly string[]
  readonly complete: boolean
}

/** The filters of the page, by their names in the address. */
export const FILTERS = ['route', 'tag', 'state', 'filledBy', 'minBytes', 'minAge'] as const
export type Filters = Readonly<Partial<Record<typeof FILTERS[number], string>>>

/** The part of the address that selects the contents of the page. */
export interface KeysView {
  readonly namespace: string | undefined
  readonly filters: Filters
  readonly cursor: string | undefined
  /** The key whose entry is open. */
  readonly key: string | undefined
}

/** Reads the view from the query of an address. */
export function viewOf (query: URLSearchParams): KeysView {
  const given = (name: string) => query.get(name) || undefined
  const filters = FILTERS.flatMap((name) => {
    const value = given(name)
    return value === undefined ? [] : [[name, value] as const]
  })
  return {
    namespace: given('namespace'),
    filters: Object.fromEntries(filters),
    cursor: given('cursor'),
    key: given('key')
  }
}

/** Returns the address of a view. */
export const addressOf = ({ namespace, filters, cursor, key }: KeysView): string =>
  hashOf(['keys'], { namespace, ...filters, cursor, key })

const MINUTE = 60_000
const KIB = 1024

/** Returns the request for the page of a view. Sizes are typed in KiB and ages in minutes. */
export function requestOf ({ namespace = '', filters, cursor }: KeysView, limit: number): string {
  const { minBytes, minAge, ...others } = filters
  const query = new URLSearchParams({
    namespace,
    limit: String(limit),
    ...others,
    ...scaled('minBytes', minBytes, KIB),
    ...scaled('minAge', minAge, MINUTE),
    ...(cursor !== undefined && { cursor })
  })
  return `api/stats/keys?${query.toString()}`
}

/**
 * Scales a typed number; other text is passed on unchanged, so that the API reports the mistake.
 */
function scaled (name: string, value: string | undefined, factor: number) {
  if (value === undefined) return {}
  const number = Number(value)
  return { [name]: Number.isFinite(number) ? String(Math.round(number * factor)) : value }
}

/** Returns the text of a key for a table: the path of a response, or else the key. */
export const titleOf = ({ key, url }: Pick<Key, 'key' | 'url'>): string =>
  url === null ? key : url.replace(/^https?:\/\/[^/#?]*/, '') || '/'

/** Returns the URL at the start of a response cache key; null for any other key. */
export const urlIn = (key: string): string | null => /^https?:\/\/[^\n]+/.exec(key)?.[0] ?? null
