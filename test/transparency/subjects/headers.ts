import accepts from '@fastify/accepts'
import cors from '@fastify/cors'
import etag from '@fastify/etag'
import helmet from '@fastify/helmet'
import rateLimit from '@fastify/rate-limit'
import type { Subject } from '../subject.js'

/** `@fastify/helmet`: security headers, and a route without. */
export const helmets: Subject = {
  name: 'helmet',
  async plugins (app) {
    await app.register(helmet, { global: true })
  },
  routes (app, { state }) {
    const cache = { ttl: '1m', public: true, tags: ['item:1'] } as const
    app.get('/bare', { helmet: false, config: { cache } }, async () => ({
      version: state.version('1')
    }))
    app.get(
      '/framed',
      { helmet: { frameguard: { action: 'deny' } }, config: { cache } },
      async (_request, reply) =>
        reply
          .removeHeader('x-download-options')
          .header('referrer-policy', 'origin')
          .send({ version: state.version('1') })
    )
  },
  targets: [
    { path: '/bare', isCached: true, isShared: true },
    { path: '/framed', isCached: true, isShared: true }
  ]
}

/** `@fastify/cors`: headers that depend on the Origin of a request. */
export const corses: Subject = {
  name: 'cors',
  async plugins (app) {
    await app.register(cors, {
      origin: ['https://a.example', 'https://shop.test'],
      credentials: true,
      exposedHeaders: ['x-count']
    })
  },
  routes (app, { state }) {
    app.get(
      '/anywhere',
      { config: { cache: { ttl: '1m', public: true, tags: ['item:1'] } } },
      async (_request, reply) => {
        reply.header('access-control-allow-origin', '*')
        return { version: state.version('1') }
      }
    )
  },
  targets: [{ path: '/anywhere', isCached: true, isShared: true }]
}

/** `@fastify/etag`: entity tags, and a 304 of its own. */
export const etags: Subject = {
  name: 'etag',
  async plugins (app) {
    await app.register(etag)
  },
  conditional: false
}

/** `@fastify/accepts`: content negotiation. */
export const acceptses: Subject = {
  name: 'accepts',
  async plugins (app) {
    await app.register(accepts)
  },
  routes (app, { state }) {
    app.get(
      '/preferred',
      { config: { cache: { ttl: '1m', public: true, tags: ['item:1'] } } },
      async (request, reply) => {
        reply.header('vary', 'accept, accept-language')
        const language = request.language(['de', 'en'])
        if (request.type(['json', 'html']) === 'html') {
          return reply
            .type('text/html')
            .send(`<p lang=${String(language)}>${state.version('1')}</p>`)
        }
        return { version: state.version('1'), language }
      }
    )
  },
  targets: [{ path: '/preferred', isCached: true, isShared: true }]
}

/** `@fastify/rate-limit`: a quota for all requests, and routes with a quota that is used up. */
export const rateLimits: Subject = {
  name: 'rate-limit',
  async plugins (app) {
    await app.register(rateLimit, {
      max: 1_000_000,
      timeWindow: '1 hour',
      keyGenerator: (request) => String(request.headers['x-api-key'] ?? 'all')
    })
  },
  routes (app, { state }) {
    app.get(
      '/scarce',
      {
        config: {
          rateLimit: { max: 40, timeWindow: '1 hour' },
          cache: { ttl: '1m', public: true, tags: ['item:1'] }
        }
      },
      async () => ({ version: state.version('1') })
    )
  },
  targets: [{ path: '/scarce', isCached: true, isShared: true }],
  momentary: { headers: ['x-ratelimit-reset', 'retry-after'], body: /retry in [\w .]+/g }
}
