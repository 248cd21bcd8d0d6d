import type { Entry, Serializer } from '@weir/cache'
import {
  contentRange,
  formatNoVarySearch,
  type Headers,
  type Parts,
  parseContentRange,
  parseNoVarySearch,
  type Policy,
  type QueryVariance,
  type StoredHeaders
} from '@weir/http'
import { MOST_GROUP_BYTES } from './groups.js'
import type { HitHead } from './hit-head.js'

type HeaderValue = string | readonly string[]

/** Alternating names and values: one array takes a fifth of the memory of pairs. */
export type HeaderPairs = readonly HeaderValue[]

/** Marks a field that hooks before the handler had set, and that was removed from the response. */
export const REMOVED: HeaderValue = []
export const isRemoved = (value: HeaderValue) => typeof value === 'object' && value.length === 0

const NO_CACHE = 1
const NEVER_STALE = 2
const MANY_GROUPS = 4
const PUBLIC = 8
const RAW = 16
const PROXIED = 32

/** Properties of a response that its header fields do not contain. */
export interface ResponseOrigin {
  readonly isPublic: boolean
  readonly isRaw: boolean
  readonly isProxied: boolean
  readonly storedAt: number
}
const RULED = 64

/**
 * Response as it is stored: the handler's fields, without those that hooks add to each reply. Its
 * policy is only the part that its cache entry does not contain.
 */
export class StoredResponse {
  /** Head of its hits, while there are many. */
  hitHead: HitHead | undefined = undefined
  /** Second of its last hit, on a clock that takes no memory of its own. */
  lastHit = 0

  constructor (
    readonly status: number,
    readonly headers: HeaderPairs,
    readonly body: Buffer,
    /** Age when it was stored, in milliseconds: mostly 0, which costs nothing. */
    readonly initialAge: number,
    /** Sum of the applicable flags NO_CACHE, NEVER_STALE, MANY_GROUPS, PUBLIC, RAW and PROXIED. */
    readonly flags = 0
  ) {}

  /** @param storedAt approximate creation time of its entry */
  static of (
    {
      status,
      headers,
      body
    }: { readonly status: number; readonly headers: StoredHeaders; readonly body: Buffer },
    { bornAt, noCache, neverStale }: Policy,
    { isPublic, isRaw, isProxied, storedAt }: ResponseOrigin
  ): StoredResponse {
    const flags =
      (noCache ? NO_CACHE : 0) +
      (neverStale ? NEVER_STALE : 0) +
      (fieldLength(headers['cache-groups']) > MOST_GROUP_BYTES ? MANY_GROUPS : 0) +
      (isPublic ? PUBLIC : 0) +
      (isRaw ? RAW : 0) +
      (isProxied ? PROXIED : 0)
    return new StoredResponse(
      status,
      Object.entries(headers).flat().slice(),
      body,
      Math.max(0, Math.round(storedAt - bornAt)),
      flags
    )
  }

  /**
   * Creates a list of variants in place of a response: responses of this URI differ by these
   * request headers, and each is stored under a key that includes them (RFC 9111, section 4.1).
   */
  static variants (names: readonly string[]): StoredResponse {
    return new StoredResponse(0, names, Buffer.alloc(0), 0)
  }

  /**
   * Creates a redirection in place of a response: the response is stored under the key derived from
   * this No-Vary-Search, or under the exact one. In a path's own entry, it is the path's rule.
   */
  static ruled (rule: QueryVariance | undefined): StoredResponse {
    return new StoredResponse(
      0,
      rule === undefined ? [] : [formatNoVarySearch(rule)],
      Buffer.alloc(0),
      0,
      RULED
    )
  }

  /** True if it stands in place of a response and has its location. */
  get isSignpost (): boolean {
    return this.status === 0
  }

  /** Names of `variants`; undefined for anything else. */
  get variesBy (): readonly string[] | undefined {
    return this.status === 0 && this.flags !== RULED ? this.headers.map(String) : undefined
  }

  /** Rule of `ruled`; undefined for anything else. */
  get ruledBy (): { readonly rule: QueryVariance | undefined } | undefined {
    return this.status === 0 && this.flags === RULED
      ? { rule: parseNoVarySearch(this.headers[0]) }
      : undefined
  }

  /**
   * True if it is the complete response to any request that selects it, apart from conditions and
   * ranges.
   */
  get isWhole (): boolean {
    return !this.isSignpost && this.status !== 206
  }

  /**
   * Stored parts of a representation (RFC 9111, section 3.3); undefined for a complete response.
   */
  get parts (): Parts | undefined {
    return this.status === 206
      ? partsOf(this.headers[this.headers.indexOf('content-range') + 1], this.body)
      : undefined
  }

  /**
   * True if it has the complete Cache-Groups, longer than the sent one, for the 304 that renews it.
   */
  get hasManyGroups (): boolean {
    return (this.flags & MANY_GROUPS) !== 0
  }

  /** True if it may be served to requests with credentials. */
  get isPublic (): boolean {
    return (this.flags & PUBLIC) !== 0
  }

  /**
   * True if it was written to `reply.raw`, so that the reply's header fields are not part of it.
   */
  get isRaw (): boolean {
    return (this.flags & RAW) !== 0
  }

  /** True if another server created it, so that the cache adds no Cache-Control. */
  get isProxied (): boolean {
    return (this.flags & PROXIED) !== 0
  }

  header (name: string): string | undefined {
    for (let i = 0; i < this.headers.length; i += 2) {
      const value = this.headers[i + 1]
      if (this.headers[i] === name && typeof value === 'string') return value
    }
    return undefined
  }

  toHeaders (): StoredHeaders {
    const headers: Record<string, HeaderValue> = {}
    for (let i = 0; i < this.headers.length; i += 2) {
      const value = this.headers[i + 1] ?? ''
      if (!isRemoved(value)) headers[String(this.headers[i])] = value
    }
    return headers
  }

  /** Returns when its origin created it, according to its age (RFC 9111, section 4.2.3). */
  bornAt (entry: Entry<StoredResponse>): number {
    return entry.storedAt - this.initialAge
  }

  /** Returns the policy for its reuse, if a request does not simply accept any fresh response. */
  policy (entry: Entry<StoredResponse>): Policy {
    const { freshUntil, staleUntil, errorUntil, storedAt } = entry
    const date = this.header('date')
    const etag = this.header('etag')
    const lastModified = this.header('last-modified')
    return {
      bornAt: this.bornAt(entry),
      freshUntil,
      source: 'ttl',
      staleUntil,
      errorUntil: errorUntil > freshUntil ? errorUntil : 0,
      noCache: (this.flags & NO_CACHE) !== 0,
      neverStale: (this.flags & NEVER_STALE) !== 0,
      vary: [],
      variant: '',
      date: date === undefined ? storedAt : Date.parse(date),
      ...(etag !== undefined && { etag }),
      ...(lastModified !== undefined &&
        !Number.isNaN(Date.parse(lastModified)) && { lastModified })
    }
  }
}

/** Returns the parts that have this Content-Range, which may have a field line for each span. */
export function partsOf (contentRange: HeaderValue | undefined, body: Buffer): Parts {
  const spans = [contentRange ?? []]
    .flat()
    .map(parseContentRange)
    .filter((span) => span !== undefined)
  return { length: spans[0]?.length ?? 0, spans, body }
}

/** Returns the Content-Range with which parts are stored: a field line for each span. */
export const rangesOf = ({ spans, length }: Parts): readonly string[] =>
  spans.map((span) => contentRange(span, length))

/** Returns whether a request has conditions or ranges; few have, and the others skip all checks. */
export const hasConditions = (headers: Headers) =>
  headers['if-none-match'] !== undefined ||
  headers['if-modified-since'] !== undefined ||
  headers['range'] !== undefined

const fieldLength = (value: HeaderValue = '') => String(value).length

/**
 * The form in which stored responses lie in a store, for tools that look into them.
 * @example
 * const responses = createCache({ store, namespace: 'responses', serializer: responseSerializer })
 * const { store: stored } = await responses.inspect(key)
 * console.log(stored?.entry.value.status, stored?.entry.value.toHeaders())
 */
export const responseSerializer: Serializer<StoredResponse> = {
  name: 'response',

  serialize: ({ status, headers, body, initialAge, flags }) => ({
    meta: JSON.stringify([status, initialAge, flags, ...headers]),
    body
  }),

  deserialize ({ meta, body }) {
    const parsed: unknown = JSON.parse(meta)
    if (!isMeta(parsed)) throw new TypeError('not the meta of a stored response')
    const [status, initialAge, flags, ...headers] = parsed
    return new StoredResponse(status, headers.map(shared), body, initialAge, flags)
  },

  sizeOf: ({ meta, body }) => OBJECTS + meta.length + body.length
}

// Objects of an entry besides the text of its headers and its body, in bytes; measured by the
// benchmark `memory`.
const OBJECTS = 420

// Returns whether metadata was written by a serializer like this one; the frame's checksum only
// protects the bytes.
function isMeta (
  meta: unknown
): meta is [status: number, initialAge: number, flags: number, ...HeaderValue[]] {
  return (
    Array.isArray(meta) &&
    [0, 1, 2].every((i) => typeof meta[i] === 'number') &&
    (meta[0] === 0 || meta.length % 2 === 1)
  )
}

/**
 * Header names and many values are the same in each response, but parsing creates new strings. One
 * copy of the short ones that come first is shared.
 */
const seen = new Map<string, string>()
function shared (text: HeaderValue): HeaderValue {
  if (typeof text !== 'string' || text.length > 64) return text
  const known = seen.get(text)
  if (known === undefined && seen.size < 500) seen.set(text, text)
  return known ?? text
}
