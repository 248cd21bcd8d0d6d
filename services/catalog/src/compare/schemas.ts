import { type Static, Type } from 'typebox'

const most = 200

export const USUAL_SAMPLES = 40

export const Samples = Type.Integer({
  minimum: 5,
  maximum: most,
  default: USUAL_SAMPLES,
  description: 'Number of requests to each source'
})

export const CompareQuery = Type.Object({
  path: Type.String({
    pattern: '^/(?![/\\\\])[^\\s#]*$',
    maxLength: 2048,
    description: 'Page of the catalog, with its query',
    examples: ['/api/products?limit=20']
  }),
  samples: Samples
}, { additionalProperties: false })

const Ms = (description: string) =>
  Type.Number({ minimum: 0, description: `${description}, in ms` })

const ResultSchema = Type.Object({
  source: Type.Enum(['handler', 'store', 'memory'], {
    description:
      'Computed by the handler, read from the shared cache, or read from the memory of this ' +
      'instance'
  }),
  samples: Type.Integer({
    minimum: 1,
    maximum: most,
    description: 'Number of responses from this source'
  }),
  leftOut: Type.Integer({
    minimum: 0,
    maximum: most,
    description: 'Number of responses from another source, for example after a concurrent write'
  }),
  medianMs: Ms('Median'),
  p90Ms: Ms('90th percentile'),
  p99Ms: Ms('99th percentile'),
  requestsPerSecond: Type.Number({
    minimum: 0,
    description: 'Throughput of sequential requests at the median latency'
  })
})
export type SourceResult = Static<typeof ResultSchema>

export const ComparisonSchema = Type.Object({
  path: Type.String(),
  samples: Type.Integer({ description: 'The URL as requested' }),
  bytes: Type.Integer({ description: 'Size of the page' }),
  results: Type.Array(ResultSchema)
})
