import { type FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { problems } from '@weir/fastify/service'
import { Type } from 'typebox'
import { figuresOf, latencyOf } from '../figures.js'
import { readTotal } from '../history/read.js'
import { rangeOf } from '../history/range.js'
import { MINUTE } from '../history/time.js'
import { entriesOf } from '../outcomes.js'
import {
  asOf,
  connected,
  Count,
  detailedFigures,
  figures,
  Latency,
  Outcome,
  RangeQuery,
  Time
} from './schemas.js'
import { cachedIn, type Source } from './source.js'

const { shared, notModified, bytes, savedMs } = figures

const SummarySchema = Type.Object({
  asOf,
  connected,
  from: Time,
  to: Time,
  seconds: Type.Number({ description: 'Length of the range from from to to' }),
  requestsPerSecond: Type.Number(),
  ...detailedFigures,
  refills: Type.Integer({ minimum: 0, description: 'Revalidations by applications' }),
  latency: Latency,
  hitLatency: Latency,
  missLatency: Latency,
  outcomes: Type.Array(
    Type.Object({
      outcome: Outcome,
      count: Count,
      shared,
      notModified,
      bytes,
      savedMs,
      latency: Latency
    })
  )
})

/** GET /api/stats/summary: all requests to all instances. */
export const summaryRoute: FastifyPluginAsyncTypebox<Source> = async (app, { db, collector }) => {
  app.get('/api/stats/summary', {
    schema: {
      tags: ['stats'],
      summary: 'All requests to all instances',
      description: 'Default: the last 15 minutes.',
      querystring: RangeQuery,
      response: { 200: SummarySchema, ...problems }
    },
    config: cachedIn(app)
  }, async ({ query }) => {
    const now = Date.now()
    const { first, end, parts } = rangeOf(query, now)
    const outcomes = await readTotal(db, parts)
    const [from, to] = [first * MINUTE, Math.min(end * MINUTE, now)]
    // Avoids dividing by almost zero when the minute has just begun.
    const seconds = Math.max(1, (to - from) / 1000)
    const total = figuresOf(outcomes)
    return {
      ...collector.currency(now),
      from,
      to,
      seconds,
      requestsPerSecond: total.requests / seconds,
      ...total,
      outcomes: entriesOf(outcomes).map(([outcome, series]) => ({
        outcome,
        count: series.count,
        shared: series.shared,
        notModified: series.notModified,
        bytes: series.bytes,
        savedMs: series.savedMicros / 1000,
        latency: latencyOf(series)
      }))
    }
  })
}
