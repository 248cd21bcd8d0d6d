import { type FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { problems } from '@weir/fastify/service'
import { Type } from 'typebox'
import { unusableRange } from '../errors.js'
import { countsOf, figuresOf, latenciesOf } from '../figures.js'
import { readSteps } from '../history/read.js'
import { LENGTH, stepsOf } from '../history/steps.js'
import { MINUTE } from '../history/time.js'
import { detailedFigures, Latency, OutcomeCounts, RangeQuery, Time } from './schemas.js'
import { cachedIn, type Source } from './source.js'

const Step = Type.Enum(['minute', 'hour'], {
  default: 'minute',
  description: 'Minutes are retained for two days, hours for 400 days'
})
const name = (what: string, maxLength = 100) =>
  Type.Optional(Type.String({ minLength: 1, maxLength, description: `Only this ${what}` }))

const HistoryQuery = Type.Object({
  ...RangeQuery.properties,
  step: Step,
  service: name('service'),
  instance: name('instance; cannot be combined with route'),
  route: name('route, such as GET /api/products/:id', 1000)
})

const { p50, p99 } = Latency.properties

const HistorySchema = Type.Object({
  step: Step,
  points: Type.Array(
    Type.Object({
      at: Time,
      ...detailedFigures,
      outcomes: OutcomeCounts,
      p50,
      p99,
      hitP50: p50,
      missP50: p50,
      latency: Type.Optional(
        Type.Record(Type.String(), Type.Object({ p50, p99 }), {
          description: 'Latency by outcome, ms; only if route is given'
        })
      )
    }),
    {
      description: 'One point per minute or hour, including empty ones'
    }
  )
})

/** GET /api/stats/history: requests by minute or hour, in total, of an instance or of a route. */
export const historyRoute: FastifyPluginAsyncTypebox<Source> = async (app, { db }) => {
  app.get('/api/stats/history', {
    schema: {
      tags: ['stats'],
      summary: 'Requests by minute or hour',
      description: 'Default: the last 60.',
      querystring: HistoryQuery,
      response: { 200: HistorySchema, ...problems }
    },
    config: cachedIn(app)
  }, async ({ query }) => {
    const { route, instance } = query
    if (route !== undefined && instance !== undefined) {
      throw unusableRange('instance', 'cannot be combined with route: ask for one of them')
    }
    const part = stepsOf(query, Date.now())
    const counted = await readSteps(db, part, query)
    const length = LENGTH[part.step]
    return {
      step: part.step,
      points: Array.from({ length: (part.end - part.first) / length }, (_, i) => {
        const at = part.first + i * length
        const outcomes = counted.get(at) ?? {}
        const { latency: { p50, p99 }, hitLatency, missLatency, ...figures } = figuresOf(outcomes)
        return {
          at: at * MINUTE,
          ...figures,
          outcomes: countsOf(outcomes),
          p50,
          p99,
          hitP50: hitLatency.p50,
          missP50: missLatency.p50,
          ...(route !== undefined && { latency: latenciesOf(outcomes) })
        }
      })
    }
  })
}
