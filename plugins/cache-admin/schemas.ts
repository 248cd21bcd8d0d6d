import { type Static, Type } from 'typebox'

const Url = Type.String({
  pattern: '^/(?![/\\\\])[^\\s#]*$',
  maxLength: 8192,
  description: 'Path and query of this service, as clients send them',
  examples: ['/api/products?limit=20']
})
// Same rule as `checkTags` of @weir/cache.
const Tag = Type.String({
  pattern: '^[^\\u0000-\\u001f\\u007f\\p{Cs}]+$',
  examples: ['product:17']
})
const MOST = 100

export const PurgeSchema = Type.Object(
  {
    tags: Type.Optional(
      Type.Array(Tag, {
        minItems: 1,
        maxItems: MOST,
        description: 'Invalidates all entries with one of these tags'
      })
    ),
    urls: Type.Optional(
      Type.Array(Url, {
        minItems: 1,
        maxItems: MOST,
        description: 'Invalidates all variants of the responses to these URLs'
      })
    ),
    all: Type.Optional(Type.Literal(true, { description: 'Everything' }))
  },
  { additionalProperties: false, description: 'Exactly one of tags, urls and all' }
)
export type Purge = Static<typeof PurgeSchema>

const instance = Type.String({ description: 'The instance that sent this response' })
const namespace = Type.String({ description: 'Namespace of the cache within the store' })
const Time = (description: string) => Type.String({ format: 'date-time', description })
const Count = (description: string) => Type.Integer({ minimum: 0, description })

export const PurgedSchema = Type.Object({
  namespace,
  instance,
  tags: Type.Array(Type.String(), {
    description: 'The invalidated tags; URLs are listed by the addresses used in keys'
  }),
  all: Type.Boolean(),
  dropped: Type.Object({
    memory: Count(
      'Number of entries removed from the memory of this instance; other instances do not ' +
      'report theirs'
    )
  }),
  unconfirmed: Type.Array(Type.String(), {
    description: 'Caches at the edge that have not confirmed yet: they may serve the old ' +
    'version until they do'
  })
})
export type Purged = Static<typeof PurgedSchema>

export const EntriesQuery = Type.Object({ url: Url }, { additionalProperties: false })

export const EntrySchema = Type.Object({
  key: Type.String(),
  where: Type.Enum(['memory', 'store'], {
    description: 'Memory of this instance, or the shared store'
  }),
  valid: Type.Boolean({ description: 'False: the entry was invalidated and is never served' }),
  storedAt: Time('Time of creation'),
  age: Count('Age in seconds'),
  freshUntil: Time('Time until which the entry is fresh'),
  staleUntil: Time('Time until which the entry may be served stale while it is revalidated'),
  errorUntil: Time('Time until which the entry may be served stale if revalidation fails'),
  tags: Type.Array(Type.String(), {
    description: 'Tags that invalidate the entry, without the ' +
    'tag of its own key'
  }),
  filledBy: Type.String({ description: 'The instance that created the entry' }),
  costMs: Type.Number({ minimum: 0, description: 'Time it took to create the entry' }),
  bytes: Count('The stored value'),
  status: Type.Optional(Type.Integer({ description: 'Status, for a response' })),
  etag: Type.Optional(Type.String()),
  variants: Type.Optional(
    Type.Array(Type.String(), {
      description:
        'In place of a response: the request headers by which the responses of this URL differ. ' +
        'The next entry is the variant for the headers of this request'
    })
  ),
  noVarySearch: Type.Optional(
    Type.String({
      description:
        'In place of a response: the response is stored for all queries that this field makes ' +
        'equivalent; empty: for this query only'
    })
  )
})
export type EntryFound = Static<typeof EntrySchema>

export const EntriesSchema = Type.Object({
  url: Type.String(),
  instance,
  found: Type.Array(EntrySchema, { description: 'Entries in memory, and in the store' })
})

const CacheStatsSchema = Type.Object({
  hits: Type.Object({
    l1: Count('From memory'),
    l2: Count('Hits from the store'),
    coalesced: Count('Hits coalesced with another request')
  }),
  stale: Count('Stale hits'),
  misses: Count('Misses, and fills in the background'),
  savedMicros: Count('Microseconds that hits saved: the time it took to compute their values'),
  stores: Count('Values stored'),
  discarded: Count('Entries found but not used: invalidated or damaged'),
  invalidations: Count('Invalidations by this instance'),
  errors: Count('Replies that the store failed to give'),
  l1: Type.Object({
    entries: Count('In memory'),
    bytes: Count('In memory'),
    evictions: Count('Entries evicted to free memory')
  }),
  flights: Count('Values currently being computed')
})

export const StatsSchema = Type.Object({
  namespace,
  instance,
  caches: Type.Record(Type.String(), CacheStatsSchema, {
    description: 'Counters since this instance started'
  })
})
