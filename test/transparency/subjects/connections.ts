import express from '@fastify/express'
import httpProxy from '@fastify/http-proxy'
import middie from '@fastify/middie'
import websocket from '@fastify/websocket'
import { fastify, type FastifyInstance } from 'fastify'
import type { Kit, Subject } from '../subject.js'

/** A server behind the application, with data of its own. */
async function upstreamOf (app: FastifyInstance, { state }: Kit): Promise<string> {
  const upstream = fastify({ forceCloseConnections: true })
  app.addHook('onClose', () => upstream.close())
  upstream.get<{ Params: { id: string } }>('/:id', async ({ params: { id }, headers }, reply) => {
    const version = state.version(`upstream ${id}`)
    reply.header('x-upstream', 'yes').header('etag', `"${version}"`)
    if (id === '2') reply.header('set-cookie', ['a=1; Path=/', 'b=2; Path=/'])
    if (id === '3') reply.header('cache-control', 'max-age=30').header('vary', 'accept-language')
    if (headers['if-none-match'] === `"${version}"`) return reply.code(304).send()
    return { id, version, language: id === '3' ? headers['accept-language'] : undefined }
  })
  upstream.put<{ Params: { id: string } }>('/:id', async ({ params: { id } }) => ({
    version: state.bump(`upstream ${id}`)
  }))
  return upstream.listen({ port: 0, host: '127.0.0.1' })
}

/** `@fastify/http-proxy`: a part of the site served by another server. */
export const proxies: Subject = {
  name: 'http-proxy',
  async plugins () {},
  async routes (app, kit) {
    const upstream = await upstreamOf(app, kit)
    await app.register(httpProxy, {
      upstream,
      prefix: '/proxied',
      config: { cache: { ttl: '1m', public: true } }
    })
  },
  targets: [{ path: '/proxied/{n}', isCached: true, isShared: true }],
  writes: [{ method: 'PUT', path: '/proxied/{n}' }]
}

const UPGRADE = {
  connection: 'Upgrade',
  upgrade: 'websocket',
  'sec-websocket-version': '13',
  'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ=='
}

/** `@fastify/websocket`: routes that are upgraded, one of them on request. */
export const websockets: Subject = {
  name: 'websocket',
  async plugins (app) {
    await app.register(websocket)
  },
  routes (app, { state }) {
    app.get('/socket', { websocket: true }, (socket) => {
      socket.send('hello')
    })
    app.route({
      method: 'GET',
      url: '/both',
      config: { cache: { ttl: '1m', public: true, tags: ['item:1'] } },
      handler: async () => ({ version: state.version('1') }),
      wsHandler: (socket) => {
        socket.send('hello')
      }
    })
  },
  targets: [
    { path: '/both', isCached: true, isShared: true },
    { path: '/both', isCached: true, isStored: false, headers: UPGRADE },
    { path: '/socket', isCached: false },
    { path: '/socket', isCached: false, headers: UPGRADE }
  ],
  transports: ['http1', 'tls']
}

interface MiddlewareResponse {
  setHeader: (name: string, value: string) => unknown
  end: (text: string) => unknown
  statusCode: number
}

function middleware (
  request: { headers: Readonly<Record<string, unknown>> },
  response: MiddlewareResponse,
  next: () => void
): void {
  response.setHeader('x-middleware', 'yes')
  if (request.headers['x-api-key'] !== 'fritz') return next()
  response.statusCode = 403
  response.end('not you')
}

/** Calls a method whose types are those of Express, which are not installed. */
function call (object: unknown, name: string, ...args: readonly unknown[]): void {
  const method: unknown =
    typeof object === 'object' || typeof object === 'function'
      ? Reflect.get(object ?? {}, name)
      : undefined
  if (typeof method !== 'function') throw new TypeError(`no method ${name}`)
  Reflect.apply(method, object, args)
}

function first (_request: unknown, response: MiddlewareResponse, next: () => void): void {
  response.setHeader('x-first', 'yes')
  next()
}

/** `@fastify/middie`: middleware that adds a header, and rejects one user. */
export const middies: Subject = {
  name: 'middie',
  async plugins (app) {
    await app.register(middie)
    call(app, 'use', first)
    call(app, 'use', '/guarded', middleware)
  }
}

/** `@fastify/express`: the same, and an Express route. */
export const expresses: Subject = {
  name: 'express',
  async plugins (app) {
    await app.register(express)
    call(app, 'use', '/guarded', middleware)
    call(
      Reflect.get(app, 'express'),
      'get',
      '/express',
      (_request: unknown, response: MiddlewareResponse) => {
        response.end('from Express')
      }
    )
  },
  targets: [{ path: '/express', isCached: false }],
  transports: ['http1', 'tls', 'nginx']
}
