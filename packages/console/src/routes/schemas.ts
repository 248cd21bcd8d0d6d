import { OUTCOMES } from '@weir/metrics'
import { type TSchema, Type } from 'typebox'

export const orNull = <Schema extends TSchema>(schema: Schema) => Type.Union([schema, Type.Null()])

export const Count = Type.Integer({ minimum: 0 })
const time = { minimum: 0, maximum: 8_640_000_000_000_000 }
export const Time = Type.Integer({ ...time, description: 'ms since 1970' })
const Ratio = (description: string) =>
  orNull(
    Type.Number({
      minimum: 0,
      maximum: 1,
      description: `${description}; null if there are none`
    })
  )

export const asOf = orNull(
  Type.Integer({
    description: 'Time of the last successful reading, ms since 1970; null before the first'
  })
)
export const connected = Type.Boolean({
  description: 'Whether the store that instances report to is reachable'
})

/** The time range of a query. */
export const RangeQuery = Type.Object(
  {
    from: Type.Optional(
      Type.Integer({
        ...time,
        description: 'ms since 1970. Default: 15 minutes before to'
      })
    ),
    to: Type.Optional(Type.Integer({ ...time, description: 'ms since 1970. Default: now' }))
  },
  { description: 'Counts cover whole minutes' }
)

export const Outcome = Type.Enum([...OUTCOMES], {
  description:
    'l1: hit in memory, l2: hit in the store, coalesced: waited for another fill, stale, miss, ' +
    'bypass: not cacheable, uncached: route without a cache, ' +
    'limited: 429, error: 5xx, refill: revalidation by the application itself'
})
export const Latency = Type.Object(
  { p50: orNull(Type.Number()), p90: orNull(Type.Number()), p99: orNull(Type.Number()) },
  { description: 'ms; null if there are no requests' }
)
export const OutcomeCounts = Type.Record(Type.String(), Count, {
  description: 'Number of requests by outcome'
})
export const NamedCounts = (description: string) =>
  Type.Record(Type.String(), Count, { description })

export const requests = Type.Integer({ minimum: 0, description: 'Client requests, without refills' })
export const hitRatio = Ratio('hits / (hits + misses), where hits are l1, l2, coalesced and stale')
export const shared = Type.Integer({
  minimum: 0,
  description: 'Hits that reused a response computed by another instance'
})
export const savedMs = Type.Number({ description: 'Handler time saved by hits' })

/** Fields of any set of requests. */
export const figures = {
  requests,
  hitRatio,
  shared,
  notModified: Type.Integer({ minimum: 0, description: 'Responses with status 304' }),
  limited: Count,
  errors: Count,
  bytes: Count,
  savedMs
}

/** Fields of a response with a field for each outcome; these and uncached add up to `requests`. */
export const detailedFigures = {
  ...figures,
  hits: Type.Integer({ minimum: 0, description: 'Sum of l1 and l2' }),
  stale: Count,
  misses: Count,
  coalesced: Count,
  bypassed: Count
}
