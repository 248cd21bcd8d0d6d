import type { Serializer } from '@weir/cache'
import type { Representation } from '@weir/http'

type HeaderValue = string | readonly string[]

/** Names and values in turn: one array costs an entry in memory a fifth of what pairs do. */
export type StoredHeaders = readonly HeaderValue[]

/** A response as it is kept: what the handler said, none of what hooks add to each reply. */
export class StoredResponse {
  #rendered: RenderedHit | undefined

  constructor (
    readonly status: number,
    readonly headers: StoredHeaders,
    readonly body: Buffer
  ) {}

  header (name: string): string | undefined {
    for (let i = 0; i < this.headers.length; i += 2) {
      const value = this.headers[i + 1]
      if (this.headers[i] === name && typeof value === 'string') return value
    }
    return undefined
  }

  /** What the preconditions of a request are about. */
  get validators (): Representation {
    return { etag: this.header('etag'), lastModified: this.header('last-modified') }
  }

  /** The fields of a hit that change by the second: written once a second, not once a hit. */
  rendered (second: number, source: string, render: () => Omit<RenderedHit, 'second' | 'source'>): RenderedHit {
    const last = this.#rendered
    if (last !== undefined && last.second === second && last.source === source) return last
    const rendered = { second, source, ...render() }
    this.#rendered = rendered
    return rendered
  }
}

interface RenderedHit {
  readonly second: number
  readonly source: string
  /** RFC 9111, 5.1 */
  readonly age: string
  /** That of the fill: clients and caches downstream count a response's age from it (RFC 9110, 6.6.1). */
  readonly date: string
  readonly cacheStatus: string
}

export const responseSerializer: Serializer<StoredResponse> = {
  serialize: ({ status, headers, body }) => ({ meta: JSON.stringify([status, ...headers]), body }),

  deserialize ({ meta, body }) {
    const parsed: unknown = JSON.parse(meta)
    if (!isMeta(parsed)) throw new TypeError('not the meta of a stored response')
    const [status, ...headers] = parsed
    return new StoredResponse(status, headers.map(shared), body)
  }
}

// The frame's checksum vouches for the bytes; this for their having been written by a serializer like this one.
function isMeta (meta: unknown): meta is [number, ...HeaderValue[]] {
  return Array.isArray(meta) && typeof meta[0] === 'number' && meta.length % 2 === 1
}

/**
 * Header names and many values are the same in each response, but parsing makes new strings of them. One copy of the
 * short ones that come first serves all.
 */
const seen = new Map<string, string>()
function shared (text: HeaderValue): HeaderValue {
  if (typeof text !== 'string' || text.length > 64) return text
  const known = seen.get(text)
  if (known === undefined && seen.size < 500) seen.set(text, text)
  return known ?? text
}
