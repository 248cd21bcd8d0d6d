import { type RouteLimitOptions } from '@weir/fastify/rate-limit'
import { Value } from 'typebox/value'
import { Samples, USUAL_SAMPLES } from './schemas.js'
import { SOURCES } from './sources.js'

/**
 * Number of requests of a comparison: one to find the page, one to fill the cache, and the samples
 * of each source.
 */
const requestsOf = (samples: number) => 2 + SOURCES.length * samples

/** Comparisons cost as much as the requests that they make. */
export const comparisonLimit = {
  group: 'comparisons',
  policies: [{ name: 'comparisons', limit: 1200, window: '1m' }],
  tiers: { pro: { policies: [{ name: 'comparisons', limit: 12_000, window: '1m' }] } },
  cost: ({ query }) => costOf(query)
} as const satisfies RouteLimitOptions

/** Returns the cost before the query is validated: an invalid one compares nothing. */
function costOf (query: unknown): number {
  const given: unknown =
    typeof query === 'object' && query !== null && 'samples' in query
      ? query.samples
      : USUAL_SAMPLES
  const samples = Number(given)
  return Value.Check(Samples, samples) ? requestsOf(samples) : 1
}
