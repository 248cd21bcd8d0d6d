import { type FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { problems } from '@weir/fastify/service'
import { Type } from 'typebox'
import { countsOf, figuresOf } from '../figures.js'
import { readSteps } from '../history/read.js'
import { LENGTH, stepsOf } from '../history/steps.js'
import { MINUTE } from '../history/time.js'
import { detailedFigures, Latency, OutcomeCounts, RangeQuery, Time } from './schemas.js'
import { cached, type Source } from './source.js'

const Step = Type.Enum(['minute', 'hour'], {
  default: 'minute',
  description: 'Minutes are kept for two days, hours for 400'
})
const name = (what: string) =>
  Type.Optional(Type.String({ minLength: 1, maxLength: 100, description: `Only this ${what}` }))

const HistoryQuery = Type.Object({
  ...RangeQuery.properties,
  step: Step,
  service: name('service'),
  instance: name('instance')
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
      missP50: p50
    }),
    {
      description: 'One for each minute or hour, also where nothing was'
    }
  )
})

/** The same by time. */
export const historyRoute: FastifyPluginAsyncTypebox<Source> = async (app, { db }) => {
  app.get('/api/stats/history', {
    schema: {
      tags: ['stats'],
      summary: 'Requests by minute or hour',
      description: 'By default the last 60.',
      querystring: HistoryQuery,
      response: { 200: HistorySchema, ...problems }
    },
    config: cached
  }, async ({ query }) => {
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
          missP50: missLatency.p50
        }
      })
    }
  })
}
