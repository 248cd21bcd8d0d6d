import { type FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { problems } from '@weir/fastify/service'
import { Type } from 'typebox'
import { isAlive } from '../collector/presence.js'
import { countsOf, figuresOf } from '../figures.js'
import { readPresences } from '../history/instances.js'
import { readInstances } from '../history/read.js'
import { rangeOf } from '../history/range.js'
import { MINUTE } from '../history/time.js'
import {
  asOf,
  Count,
  hitRatio,
  NamedCounts,
  orNull,
  OutcomeCounts,
  RangeQuery,
  requests,
  shared,
  Time
} from './schemas.js'
import { cachedIn, type Source } from './source.js'

const InstancesSchema = Type.Object({
  asOf,
  instances: Type.Array(
    Type.Object({
      instance: Type.String({ examples: ['catalog-1'] }),
      service: Type.String(),
      run: Type.String({ description: 'The latest process with this name' }),
      alive: Type.Boolean({ description: 'It reported within 5 s before asOf and has not ended' }),
      startedAt: Time,
      endedAt: orNull({ ...Time, description: 'Time of its graceful close, by its own clock' }),
      lastSeenAt: Time,
      pid: Type.Integer(),
      node: Type.String({ description: 'Node.js version' }),
      rssBytes: Count,
      heapBytes: Count,
      eventLoopDelayMs: Type.Number({ description: 'p99 over one second' }),
      l1: Type.Object(
        { entries: Count, bytes: Count, evictions: Count },
        { description: 'Memory of its response cache' }
      ),
      requests,
      hitRatio,
      shared,
      outcomes: OutcomeCounts,
      filledBy: NamedCounts('Hits by the instance that had computed what they were answered with')
    })
  )
})

/** GET /api/stats/instances: requests by instance, and the state of each instance. */
export const instancesRoute: FastifyPluginAsyncTypebox<Source> = async (app, { db, collector }) => {
  app.get('/api/stats/instances', {
    schema: {
      tags: ['stats'],
      summary: 'Requests by instance, and the state of each instance',
      description: 'Includes instances alive at any time in the range, and those alive now.',
      querystring: RangeQuery,
      response: { 200: InstancesSchema, ...problems }
    },
    config: cachedIn(app)
  }, async ({ query }) => {
    const now = Date.now()
    const { first, end, parts } = rangeOf(query, now)
    const { asOf } = collector.currency(now)
    const counted = new Map(
      (await readInstances(db, parts)).map((one) => [
        JSON.stringify([one.service, one.instance]),
        one
      ])
    )
    const presences = await readPresences(db, first * MINUTE)
    return {
      asOf,
      instances: presences.flatMap((presence) => {
        const {
          state: {
            service,
            instance,
            run,
            startedAt,
            endedAt = null,
            pid,
            node,
            rssBytes,
            heapBytes,
            eventLoopDelayMs,
            l1
          },
          lastSeenAt
        } = presence
        const counts = counted.get(JSON.stringify([service, instance]))
        // The instance started later.
        if (counts === undefined && startedAt >= end * MINUTE) return []
        const outcomes = counts?.outcomes ?? {}
        const { requests, hitRatio, shared } = figuresOf(outcomes)
        return [{
          instance,
          service,
          run,
          alive: asOf !== null && isAlive(presence, asOf),
          startedAt,
          endedAt,
          lastSeenAt,
          pid,
          node,
          rssBytes,
          heapBytes,
          eventLoopDelayMs,
          l1,
          requests,
          hitRatio,
          shared,
          outcomes: countsOf(outcomes),
          filledBy: counts?.filledBy ?? {}
        }]
      })
    }
  })
}
