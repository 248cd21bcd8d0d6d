import type { Serializer } from '@weir/cache'

export type StoredHeader = readonly [name: string, value: string | readonly string[]]

/** A response as it is kept: what the handler said, none of what hooks add to each reply. */
export class StoredResponse {
  // Fields that change by the second are written once a second, not once a hit.
  #rendered: { second: number, cacheStatusFor: string, age: string, cacheStatus: string } | undefined

  constructor (
    readonly status: number,
    readonly headers: readonly StoredHeader[],
    readonly body: Buffer
  ) {}

  /** Age (RFC 9111, 5.1) and the Cache-Status of a hit, for this second. */
  rendered (second: number, cacheStatusFor: string, render: () => { age: string, cacheStatus: string }) {
    const last = this.#rendered
    if (last !== undefined && last.second === second && last.cacheStatusFor === cacheStatusFor) return last
    const rendered = { second, cacheStatusFor, ...render() }
    this.#rendered = rendered
    return rendered
  }
}

export const responseSerializer: Serializer<StoredResponse> = {
  serialize: ({ status, headers, body }) => ({ meta: JSON.stringify([status, headers]), body }),

  deserialize ({ meta, body }) {
    const parsed: unknown = JSON.parse(meta)
    if (!isMeta(parsed)) throw new TypeError('not the meta of a stored response')
    return new StoredResponse(parsed[0], parsed[1], body)
  }
}

// The frame's checksum vouches for the bytes; this for their having been written by a serializer like this one.
function isMeta (meta: unknown): meta is [number, StoredHeader[]] {
  return Array.isArray(meta) && typeof meta[0] === 'number' && Array.isArray(meta[1])
}
