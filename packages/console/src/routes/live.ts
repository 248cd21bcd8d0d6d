import '@weir/fastify/rate-limit'
import { NoQuery, problems } from '@weir/fastify/service'
import { type FastifyPluginAsync, type FastifyReply } from 'fastify'
import { Type } from 'typebox'
import { type Viewers } from '../live/viewers.js'

const stream = {
  description:
    '`tick`: counts since the previous tick, once a second; ' +
    '`event`: an event as in /api/stats/events; `invalidated`: an invalidation by an instance',
  content: { 'text/event-stream': { schema: Type.String() } }
}

/** GET api/stats/live: counts, events and invalidations as they happen. */
export const liveRoute: FastifyPluginAsync<{ viewers: Viewers }> = async (app, { viewers }) => {
  app.get('/api/stats/live', {
    // HEAD has its own route below, because the stream does not end.
    exposeHeadRoute: false,
    // A stream lasts as long as its viewer stays, so its latency is not counted.
    config: { metrics: false },
    schema: {
      tags: ['stats'],
      summary: 'Live counts and events (Server-Sent Events)',
      querystring: NoQuery,
      response: { 200: stream, ...problems }
    }
  }, (request, reply) => {
    const client = app.hasDecorator('limitedClient') ? app.limitedClient(request) : request.ip
    const events = viewers.add(client)
    asEvents(reply).send(events)
  })

  app.head(
    '/api/stats/live',
    { schema: { hide: true, querystring: NoQuery } },
    (_request, reply) => {
      asEvents(reply).send()
    }
  )
}

const asEvents = (reply: FastifyReply) => reply
  .type('text/event-stream; charset=utf-8')
  .header('cache-control', 'no-store')
  // Disables buffering in nginx, which would delay events.
  .header('x-accel-buffering', 'no')
