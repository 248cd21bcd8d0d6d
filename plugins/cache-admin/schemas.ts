import { type Static, Type } from 'typebox'

const Url = Type.String({
  pattern: '^/(?![/\\\\])[^\\s#]*$',
  maxLength: 8192,
  description: 'Path and query of this service, as clients send them',
  examples: ['/api/products?limit=20']
})
// What the engine takes: see `checkTags` of @weir/cache.
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
        description: 'Everything that carries one of them'
      })
    ),
    urls: Type.Optional(
      Type.Array(Url, {
        minItems: 1,
        maxItems: MOST,
        description: 'What these are answered from, in all of its variants'
      })
    ),
    all: Type.Optional(Type.Literal(true, { description: 'Everything' }))
  },
  { additionalProperties: false, description: 'Exactly one of the three' }
)
export type Purge = Static<typeof PurgeSchema>

const instance = Type.String({ description: 'The instance that answers' })
const namespace = Type.String({ description: 'The part of the store that is meant' })
const Time = (description: string) => Type.String({ format: 'date-time', description })
const Count = (description: string) => Type.Integer({ minimum: 0, description })

export const PurgedSchema = Type.Object({
  namespace,
  instance,
  tags: Type.Array(Type.String(), {
    description: 'What was invalidated; URLs by the addresses that they have in keys'
  }),
  all: Type.Boolean(),
  dropped: Type.Object({
    memory: Count(
      'Entries in the memory of this instance that this has ended; how many others have, nobody has counted'
    )
  })
})
export type Purged = Static<typeof PurgedSchema>

export const EntriesQuery = Type.Object({ url: Url }, { additionalProperties: false })

export const EntrySchema = Type.Object({
  key: Type.String(),
  where: Type.Enum(['memory', 'store'], {
    description: 'In the memory of this instance, or in the store that all share'
  }),
  valid: Type.Boolean({ description: 'False: it has been invalidated, and nobody is served it' }),
  storedAt: Time('When it was made'),
  age: Count('Seconds since then'),
  freshUntil: Time('Until then it is served as it is'),
  staleUntil: Time('Until then it is served while a new one is made'),
  errorUntil: Time('Until then it is served if no new one can be made'),
  tags: Type.Array(Type.String(), { description: 'What ends it; not that of its own key' }),
  filledBy: Type.String({ description: 'The instance that made it' }),
  costMs: Type.Number({ minimum: 0, description: 'How long that took' }),
  bytes: Count('As it is stored'),
  status: Type.Optional(Type.Integer({ description: 'Of a response' })),
  etag: Type.Optional(Type.String()),
  variants: Type.Optional(
    Type.Array(Type.String(), {
      description:
        'In place of a response: the request headers by which those of this URL differ. The one that follows is for the headers of this request'
    })
  ),
  noVarySearch: Type.Optional(
    Type.String({
      description:
        'In place of a response: it is stored for every query that this field makes equivalent; empty: for this query alone'
    })
  )
})
export type EntryFound = Static<typeof EntrySchema>

export const EntriesSchema = Type.Object({
  url: Type.String(),
  instance,
  found: Type.Array(EntrySchema, { description: 'In memory, and in the store' })
})

const CacheStatsSchema = Type.Object({
  hits: Type.Object({
    l1: Count('From memory'),
    l2: Count('From the store'),
    coalesced: Count('From what another request was computing')
  }),
  stale: Count('Hits that were stale'),
  misses: Count('Reads that found nothing to serve, and fills in the background'),
  savedMicros: Count('Microseconds that computing the values of hits had taken'),
  stores: Count('Values stored'),
  discarded: Count('Entries found and not used: invalidated, or damaged'),
  invalidations: Count('Invalidations by this instance'),
  errors: Count('Answers that the store owed'),
  l1: Type.Object({
    entries: Count('In memory'),
    bytes: Count('In memory'),
    evictions: Count('Entries that had to make room')
  }),
  flights: Count('Values being computed now')
})

export const StatsSchema = Type.Object({
  namespace,
  instance,
  caches: Type.Record(Type.String(), CacheStatsSchema, {
    description: 'Counts since this instance has started'
  })
})
