import { hashOf } from './hash.js'

/** `invalid`: invalidated, or of another version of the package. */
export type KeyState = 'fresh' | 'stale' | 'expired' | 'invalid'

/** A key of a cache, as the API tells it. Times are ms since 1970. */
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

/** The conditions of the page, by their names in the address. */
export const FILTERS = ['route', 'tag', 'state', 'filledBy', 'minBytes', 'minAge'] as const
export type Filters = Readonly<Partial<Record<typeof FILTERS[number], string>>>

/** The part of the address that says what the page shows. */
export interface KeysView {
  readonly namespace: string | undefined
  readonly filters: Filters
  readonly cursor: string | undefined
  /** The key that is looked into. */
  readonly key: string | undefined
}

/** Reads the view out of the query of an address. */
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

/** The address of a view. */
export const addressOf = ({ namespace, filters, cursor, key }: KeysView): string =>
  hashOf(['keys'], { namespace, ...filters, cursor, key })

const MINUTE = 60_000
const KIB = 1024

/** The request for the page of a view. Sizes are typed in KiB and ages in minutes. */
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
  return `/api/stats/keys?${query.toString()}`
}

/** A number that is none is left as it is, for the API to say so. */
function scaled (name: string, value: string | undefined, factor: number) {
  if (value === undefined) return {}
  const number = Number(value)
  return { [name]: Number.isFinite(number) ? String(Math.round(number * factor)) : value }
}

/** The text of a key for a table: the path of a response, else the key. */
export const titleOf = ({ key, url }: Pick<Key, 'key' | 'url'>): string =>
  url === null ? key : url.replace(/^https?:\/\/[^/#?]*/, '') || '/'

/** The URL that a key of the response cache begins with; null for any other key. */
export const urlIn = (key: string): string | null => /^https?:\/\/[^\n]+/.exec(key)?.[0] ?? null
