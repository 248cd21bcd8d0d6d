import { type FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { NoQuery, problems } from '@weir/fastify/service'
import { type Requests } from '@weir/metrics'
import { Type } from 'typebox'
import { isAlive } from '../collector/presence.js'
import { type Collector } from '../collector/collector.js'
import { askEdge } from '../edge/ask.js'
import { edgesOf } from '../edge/edges.js'
import { CONSOLE_ERR_NO_EDGE, CONSOLE_ERR_NO_REQUESTS, CONSOLE_ERR_NOT_REQUESTED } from '../errors.js'
import { type Authorize, guard } from '../guard.js'
import { asOf, Count, orNull } from './schemas.js'

const destination = Type.String({ maxLength: 100, examples: ['varnish'] })
const id = Type.String({ maxLength: 100 })
const instance = orNull(Type.String({
  maxLength: 100, description: 'The instance that has the letter; null: all of them share it'
}))

const EdgeSchema = Type.Object({
  asOf,
  services: Type.Array(Type.Object({
    service: Type.String(),
    destinations: Type.Array(Type.Object({
      destination,
      state: Type.Enum(['ok', 'failing', 'limited'], {
        description: 'failing: the last call failed; limited: calls wait for its rate limit'
      }),
      pending: Type.Integer({ minimum: 0, description: 'Purges that it has not confirmed' }),
      oldestMs: Type.Number({ minimum: 0, description: 'Age of the oldest of them' }),
      dead: Count,
      confirmed: Type.Integer({ minimum: 0, description: 'Tags it confirmed to live instances' }),
      failed: Type.Integer({ minimum: 0, description: 'Calls of live instances that failed' }),
      error: orNull(Type.String({ description: 'Error of the last call' }))
    })),
    letters: Type.Array(Type.Object({
      destination,
      id,
      tag: Type.String(),
      error: Type.String({ description: 'Why it was given up' }),
      died: Type.String({ description: 'When, ISO 8601' }),
      instance
    }), { description: 'The first purges that were given up' })
  }), { description: 'Services that purge caches beyond the fleet' })
})

const ActionBody = Type.Object({
  service: Type.String({ minLength: 1, maxLength: 100 }),
  action: Type.Enum(['retry', 'discard'], {
    description: 'retry: deliver again; discard: forget'
  }),
  letters: Type.Array(Type.Object({ destination, id, instance }, { additionalProperties: false }), {
    minItems: 1, maxItems: 100
  })
}, { additionalProperties: false })

const ActionSchema = Type.Object({
  done: Type.Boolean({
    description: 'False: no instance has carried it out yet; the request stays for up to a day'
  })
})

export interface EdgeRoutesOptions {
  readonly collector: Collector
  readonly authorize: Authorize
  /** If undefined, the store of the metrics takes no requests. */
  readonly requests: Requests | undefined
}

/**
 * The caches beyond fleets: GET /api/stats/edge, and POST /api/stats/edge/letters for clients that
 * may invalidate.
 */
export const edgeRoutes: FastifyPluginAsyncTypebox<EdgeRoutesOptions> = async (
  app, { collector, authorize, requests }
) => {
  const edges = () => {
    const asOf = Math.max(...collector.presences.map(({ lastSeenAt }) => lastSeenAt))
    return edgesOf(collector.presences
      .filter((presence) => isAlive(presence, asOf)).map(({ state }) => state))
  }

  app.get('/api/stats/edge', {
    schema: {
      tags: ['stats'],
      summary: 'Caches at the edge: state, backlog and dead letters',
      querystring: NoQuery,
      response: { 200: EdgeSchema, ...problems }
    }
  }, async (_request, reply) => {
    reply.header('cache-control', 'no-store')
    const services = edges().map(({ namespace: _, destinations, letters, ...rest }) =>
      ({ ...rest, destinations: [...destinations], letters: [...letters] }))
    return { asOf: collector.currency(Date.now()).asOf, services }
  })

  app.post('/api/stats/edge/letters', {
    preParsing: guard(authorize, 'invalidate'),
    schema: {
      tags: ['stats'],
      summary: 'Deliver dead letters of an edge again, or discard them',
      description: 'An instance of the service carries it out, usually within a second.',
      querystring: NoQuery,
      body: ActionBody,
      response: { 200: ActionSchema, ...problems }
    }
  }, async ({ body: { service, action, letters } }, reply) => {
    reply.header('cache-control', 'no-store')
    if (!edges().some((edge) => edge.service === service)) throw new CONSOLE_ERR_NO_EDGE(service)
    if (requests === undefined) throw new CONSOLE_ERR_NO_REQUESTS()
    const owners = [...new Set(letters.map(({ instance }) => instance))]
    try {
      const done = await Promise.all(owners.map((owner) => askEdge(
        requests,
        { service, instance: owner },
        {
          action,
          letters: letters.filter(({ instance }) => instance === owner)
            .map(({ destination, id }) => ({ destination, id }))
        }
      )))
      return { done: !done.includes(false) }
    } catch (error) {
      throw Object.assign(new CONSOLE_ERR_NOT_REQUESTED(), { cause: error })
    }
  })
}
