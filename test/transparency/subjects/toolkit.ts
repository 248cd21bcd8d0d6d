import autoload from '@fastify/autoload'
import { fastifyRequestContext } from '@fastify/request-context'
import sensible from '@fastify/sensible'
import swagger from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import underPressure from '@fastify/under-pressure'
import { fileURLToPath } from 'node:url'
import { whoOf } from '../shop.js'
import type { Subject } from '../subject.js'

const AUTOLOADED = fileURLToPath(new URL('../autoloaded', import.meta.url))

declare module '@fastify/request-context' {
  interface RequestContextData {
    who: string
  }
}

/** `@fastify/autoload`: routes from a folder. */
export const autoloads: Subject = {
  name: 'autoload',
  async plugins () {},
  async routes (app, kit) {
    await app.register(autoload, { dir: AUTOLOADED, options: { kit } })
  },
  targets: [{ path: '/products/{n}', isCached: true, isShared: true }],
  writes: [{ method: 'PUT', path: '/products/{n}' }]
}

/** `@fastify/sensible`: errors, and header fields by name. */
export const sensibles: Subject = {
  name: 'sensible',
  async plugins (app) {
    await app.register(sensible)
  },
  routes (app, { state }) {
    const cache = { ttl: '1m', public: true, tags: ['item:1'] } as const
    const version = () => ({ version: state.version('1') })
    app.get('/gone', { config: { cache: { ...cache, negative: '1m' } } }, async () => {
      throw app.httpErrors.gone(`since ${state.version('1')}`)
    })
    app.get('/teapot', { config: { cache } }, async (_request, reply) => reply.imateapot())
    app.get('/prevented', { config: { cache } }, async (_request, reply) => {
      reply.preventCache()
      return version()
    })
    app.get(
      '/controlled',
      { config: { cache: { tags: ['item:1'] } } },
      async (_request, reply) => {
        reply.cacheControl('public').cacheControl('max-age', '1m').vary('accept')
        return version()
      }
    )
  },
  targets: ['/gone', '/teapot', '/controlled']
    .map((path) => ({ path, isCached: true, isShared: true }))
    .concat({ path: '/prevented', isCached: true, isShared: true })
}

/** `@fastify/under-pressure`: a status route, and limits that are never reached. */
export const underPressures: Subject = {
  name: 'under-pressure',
  async plugins (app) {
    await app.register(underPressure, { maxEventLoopDelay: 100_000, exposeStatusRoute: true })
  },
  targets: [{ path: '/status', isCached: false }]
}

/** `@fastify/request-context`: data of a hook, in a store that follows the request. */
export const requestContexts: Subject = {
  name: 'request-context',
  async plugins (app) {
    await app.register(fastifyRequestContext, {
      hook: 'onRequest',
      defaultStoreValues: (request) => ({ who: whoOf(request) })
    })
  },
  routes (app, { state }) {
    app.get('/context', { config: { cache: { ttl: '1m', tags: ['item:1'] } } }, async (request) => {
      await new Promise(setImmediate)
      return { who: request.requestContext.get('who'), version: state.version('1') }
    })
  },
  targets: [{ path: '/context', isCached: true }]
}

/** `@fastify/swagger` and its pages. */
export const swaggers: Subject = {
  name: 'swagger',
  async plugins (app) {
    await app.register(swagger, { openapi: { info: { title: 'Shop', version: '1.0.0' } } })
    await app.register(swaggerUi, { routePrefix: '/docs' })
  },
  routes (app) {
    app.get('/openapi.json', { config: { cache: { ttl: '1m', public: true } } }, async () =>
      app.swagger()
    )
  },
  targets: [
    { path: '/openapi.json', isCached: true, isShared: true },
    { path: '/docs', isCached: false },
    { path: '/docs/json', isCached: false }
  ]
}
