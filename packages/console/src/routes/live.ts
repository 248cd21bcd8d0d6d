import '@weir/fastify/rate-limit'
import { NoQuery, problems } from '@weir/fastify/service'
import { type FastifyPluginAsync, type FastifyReply } from 'fastify'
import { Type } from 'typebox'
import { type Viewers } from '../live/viewers.js'

const stream = {
  description:
    '`tick`: what has happened since the tick before, each second; `event`: an event, as of /api/stats/events; `invalidated`: what an instance has invalidated',
  content: { 'text/event-stream': { schema: Type.String() } }
}

/** GET api/stats/live: counts and invalidations as they happen. */
export const liveRoute: FastifyPluginAsync<{ viewers: Viewers }> = async (app, { viewers }) => {
  app.get('/api/stats/live', {
    // HEAD has a route of its own below: the stream has no end.
    exposeHeadRoute: false,
    // A stream is as long as its viewer stays: no latency to count.
    config: { metrics: false },
    schema: {
      tags: ['stats'],
      summary: 'What happens, as it happens (Server-Sent Events)',
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
  // nginx would wait for more.
  .header('x-accel-buffering', 'no')
