import { NoQuery, problems } from '@weir/fastify/service'
import { type FastifyPluginAsync, type FastifyReply } from 'fastify'
import { Type } from 'typebox'
import { type Viewers } from '../live/viewers.js'

const stream = {
  description:
    '`tick`: what has happened since the tick before, each second; `invalidated`: what an instance has invalidated',
  content: { 'text/event-stream': { schema: Type.String() } }
}

/** What happens, as it happens. */
export const liveRoute: FastifyPluginAsync<{ viewers: Viewers }> = async (app, { viewers }) => {
  app.get('/api/stats/live', {
    // HEAD is below: this has no end.
    exposeHeadRoute: false,
    // It takes as long as somebody watches.
    config: { metrics: false },
    schema: {
      tags: ['stats'],
      summary: 'What happens, as it happens (Server-Sent Events)',
      querystring: NoQuery,
      response: { 200: stream, ...problems }
    }
  }, (request, reply) => {
    const events = viewers.add(app.limitedClient(request))
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
