import { type Static, Type } from 'typebox'

const most = 200

export const USUAL_SAMPLES = 40

export const Samples = Type.Integer({
  minimum: 5,
  maximum: most,
  default: USUAL_SAMPLES,
  description: 'How often it is asked for, of each source'
})

export const CompareQuery = Type.Object({
  path: Type.String({
    pattern: '^/(?![/\\\\])[^\\s#]*$',
    maxLength: 2048,
    description: 'A page of the catalog, with its query',
    examples: ['/api/products?limit=20']
  }),
  samples: Samples
}, { additionalProperties: false })

const Ms = (description: string) =>
  Type.Number({ minimum: 0, description: `${description}, in ms` })

const ResultSchema = Type.Object({
  source: Type.Enum(['handler', 'store', 'memory'], {
    description:
      'Computed; or from the cache that all instances share; or from the memory of this instance'
  }),
  samples: Type.Integer({
    minimum: 1,
    maximum: most,
    description: 'How many answers came from there'
  }),
  leftOut: Type.Integer({
    minimum: 0,
    maximum: most,
    description: 'How many did not, because somebody wrote meanwhile, for one'
  }),
  medianMs: Ms('Median'),
  p90Ms: Ms('90th percentile'),
  p99Ms: Ms('99th percentile'),
  requestsPerSecond: Type.Number({
    minimum: 0,
    description: 'One after the other, as fast as the median'
  })
})
export type SourceResult = Static<typeof ResultSchema>

export const ComparisonSchema = Type.Object({
  path: Type.String(),
  samples: Type.Integer({ description: 'As asked for' }),
  bytes: Type.Integer({ description: 'Of the page' }),
  results: Type.Array(ResultSchema)
})
