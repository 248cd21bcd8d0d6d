import { type FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { problems } from '@weir/fastify/service'
import { Type } from 'typebox'
import { unusableRange } from '../errors.js'
import { EVENT_KINDS } from '../events/event.js'
import { PAGE, readEvents } from '../events/read.js'
import { orNull, RangeQuery, Time } from './schemas.js'
import { type Source } from './source.js'

const Kind = Type.Enum([...EVENT_KINDS], {
  description:
    'started, ended: start and graceful close of an instance; ' +
    'killed: silent without a graceful close; returned: reported again after killed; ' +
    'redis-lost, redis-back: connection to Redis; ' +
    'breaker-opened, breaker-closed: circuit breaker of an instance; ' +
    'invalidated: invalidation by an instance'
})
const name = (maxLength: number, description: string) =>
  Type.Optional(Type.String({ minLength: 1, maxLength, description }))

const EventsQuery = Type.Object({
  from: Type.Optional({ ...RangeQuery.properties.from, description: 'ms since 1970' }),
  to: Type.Optional({ ...RangeQuery.properties.to, description: 'ms since 1970, exclusive' }),
  kind: Type.Optional(Kind),
  service: name(100, 'Only events of this service'),
  instance: name(100, 'Only events of this instance'),
  tag: name(200, 'Only invalidations of this tag'),
  cursor: Type.Optional(
    Type.String({
      pattern: '^\\d{1,16}-\\d{1,16}$',
      description: 'next of the previous page; keep the other parameters unchanged'
    })
  )
})

const EventsSchema = Type.Object({
  events: Type.Array(
    Type.Object({
      id: Type.Integer({ description: 'Increases in the order in which events are written' }),
      at: Time,
      kind: Kind,
      service: orNull(Type.String()),
      instance: orNull(Type.String()),
      namespace: orNull(Type.String({ description: 'Namespace of an invalidation' })),
      tags: Type.Array(Type.String(), {
        description: 'Tags of an invalidation; empty if the whole namespace was invalidated'
      }),
      about: orNull(Type.String({ description: 'Process of an instance, or name of a breaker' }))
    }),
    { description: `Newest first, at most ${PAGE}` }
  ),
  next: orNull(Type.String({ description: 'cursor of the next page; null on the last one' }))
})

/** GET /api/stats/events: the event log of the fleet. */
export const eventsRoute: FastifyPluginAsyncTypebox<Source> = async (app, { db }) => {
  app.get('/api/stats/events', {
    schema: {
      tags: ['stats'],
      summary: 'Events of the fleet',
      description: 'Events of instances, Redis, breakers and invalidations of the last 30 days.',
      querystring: EventsQuery,
      response: { 200: EventsSchema, ...problems }
    }
  }, async ({ query }, reply) => {
    const { from, to } = query
    if (from !== undefined && to !== undefined && from >= to) {
      throw unusableRange('from', 'must be before to')
    }
    reply.header('cache-control', 'no-store')
    return readEvents(db, query)
  })
}
