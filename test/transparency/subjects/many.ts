import accepts from '@fastify/accepts'
import auth from '@fastify/auth'
import compress from '@fastify/compress'
import cookie from '@fastify/cookie'
import cors from '@fastify/cors'
import etag from '@fastify/etag'
import formbody from '@fastify/formbody'
import helmet from '@fastify/helmet'
import jwt from '@fastify/jwt'
import multipart from '@fastify/multipart'
import rateLimit from '@fastify/rate-limit'
import { fastifyRequestContext } from '@fastify/request-context'
import sensible from '@fastify/sensible'
import fastifyStatic from '@fastify/static'
import swagger from '@fastify/swagger'
import underPressure from '@fastify/under-pressure'
import view from '@fastify/view'
import ejs from 'ejs'
import { whoOf } from '../shop.js'
import type { Subject } from '../subject.js'
import { folderOf } from './files.js'

/** One application with many plugins together. */
export const many: Subject = {
  name: 'many',
  async plugins (app) {
    const root = folderOf(app, {
      'a.txt': 'a text\n'.repeat(100),
      'page.ejs': '<p>version <%= version %></p>\n'.repeat(40)
    })
    await app.register(underPressure, { maxEventLoopDelay: 100_000 })
    await app.register(helmet)
    await app.register(cors, { origin: ['https://a.example'], credentials: true })
    await app.register(rateLimit, {
      max: 1_000_000,
      timeWindow: '1 hour',
      keyGenerator: () => 'all'
    })
    await app.register(cookie, { secret: 'a secret that is fixed' })
    await app.register(jwt, {
      secret: 'a secret that is fixed',
      cookie: { cookieName: 'token', signed: false }
    })
    await app.register(auth)
    await app.register(fastifyRequestContext, {
      defaultStoreValues: (request) => ({ who: whoOf(request) })
    })
    await app.register(sensible)
    await app.register(accepts)
    await app.register(formbody)
    await app.register(multipart)
    await app.register(swagger)
    await app.register(compress, { threshold: 128 })
    await app.register(etag)
    await app.register(fastifyStatic, { root, prefix: '/files/' })
    await app.register(view, { engine: { ejs }, root })
  },
  guard: (app) => ({
    preValidation: app.auth([
      async (request) => {
        if (whoOf(request) === 'anybody') throw app.httpErrors.unauthorized()
      }
    ])
  }),
  routes (app, { state }) {
    const cache = { ttl: '1m', public: true, tags: ['item:1'] } as const
    app.get('/page', { config: { cache } }, (_request, reply) =>
      reply.view('page.ejs', { version: state.version('1') })
    )
    app.get('/file', { config: { cache } }, (_request, reply) => reply.sendFile('a.txt'))
    app.get(
      '/context',
      { config: { cache: { ttl: '1m', tags: ['item:1'] } } },
      async (request) => ({ who: request.requestContext.get('who'), version: state.version('1') })
    )
    app.get('/welcome', { config: { cache } }, async (_request, reply) =>
      reply
        .setCookie('welcome', 'yes', { signed: true, path: '/' })
        .send({ version: state.version('1') })
    )
  },
  targets: [
    { path: '/page', isCached: true, isShared: true },
    { path: '/file', isCached: true, isShared: true },
    { path: '/context', isCached: true },
    { path: '/welcome', isCached: true, isShared: true },
    { path: '/files/a.txt', isCached: false }
  ],
  conditional: false,
  momentary: { headers: ['x-ratelimit-reset'] }
}
