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
      description: `${description}; null where there is none`
    })
  )

export const asOf = orNull(
  Type.Integer({
    description: 'When the instances were heard of last, ms since 1970; null: not yet'
  })
)
export const connected = Type.Boolean({
  description: 'Whether the store through which instances tell what they count answers'
})

/** Of what time. */
export const RangeQuery = Type.Object(
  {
    from: Type.Optional(
      Type.Integer({
        ...time,
        description: 'ms since 1970. Default: a quarter of an hour before to'
      })
    ),
    to: Type.Optional(Type.Integer({ ...time, description: 'ms since 1970. Default: now' }))
  },
  { description: 'Counts are of whole minutes' }
)

export const Outcome = Type.Enum([...OUTCOMES], {
  description:
    'l1: from memory, l2: from the store, coalesced: by a fill it waited for, stale, miss, bypass: not to be cached, uncached: no cache there, ' +
    "limited: 429, error: 5xx, refill: an application's own"
})
export const Latency = Type.Object(
  { p50: orNull(Type.Number()), p90: orNull(Type.Number()), p99: orNull(Type.Number()) },
  { description: 'ms; null where there are no requests' }
)
export const OutcomeCounts = Type.Record(Type.String(), Count, {
  description: 'How many there were with each outcome'
})
export const NamedCounts = (description: string) =>
  Type.Record(Type.String(), Count, { description })

export const requests = Type.Integer({ minimum: 0, description: 'By clients: all but refills' })
export const hitRatio = Ratio('l1, l2, coalesced and stale, as a part of those and misses')
export const shared = Type.Integer({
  minimum: 0,
  description: 'Answered with what another instance had computed'
})
export const savedMs = Type.Number({ description: 'Time of handlers that did not have to run' })

/** What is told of any requests. */
export const figures = {
  requests,
  hitRatio,
  shared,
  notModified: Type.Integer({ minimum: 0, description: 'Answered 304' }),
  limited: Count,
  errors: Count,
  bytes: Count,
  savedMs
}

/**
 * What is told where each outcome has a field of its own: they and what is uncached add up to
 * `requests`.
 */
export const detailedFigures = {
  ...figures,
  hits: Type.Integer({ minimum: 0, description: 'l1 and l2' }),
  stale: Count,
  misses: Count,
  coalesced: Count,
  bypassed: Count
}
