import { posix } from 'node:path'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import '@weir/fastify/response-cache'
import '@weir/fastify/invalidation'
import type { Guard, Kit, Target, Write } from './subject.js'

interface ById {
  readonly Params: { readonly id: string }
}

interface Search {
  readonly Querystring: { readonly q: string, readonly page: number }
}

// Milliseconds: short enough to expire within a run.
const SHORT = 150
const LOREM = 'Weir keeps what a handler has said, and says it again. '.repeat(60)

/** The common part of all applications, besides the use of their plugin. */
export function shop (app: FastifyInstance, { state, invalidate }: Kit, guard: Guard): void {
  const item = ({ id }: { readonly id: string }) => ({ id, version: state.version(id) })
  const one = (request: FastifyRequest<ById>) => item(request.params)

  app.get<ById>(
    '/items/:id',
    { config: { cache: { ttl: '1m', tags: ['items', 'item:{id}'] } } },
    async (request) => ({ ...one(request), who: whoOf(request), query: request.query })
  )
  app.get<ById>(
    '/public/:id',
    {
      config: { cache: { ttl: '1m', public: true, staleWhileRevalidate: 0, tags: ['item:{id}'] } }
    },
    async (request) => ({ ...one(request), query: request.query })
  )
  app.get<ById>(
    '/shared/:id',
    { config: { cache: { tags: ['item:{id}'] } } },
    async (request, reply) => {
      reply.header('cache-control', 'public, max-age=0, s-maxage=60')
      return one(request)
    }
  )
  app.get<ById>(
    '/short/:id',
    { config: { cache: { ttl: SHORT, public: true, tags: ['items', 'item:{id}'] } } },
    async (request, reply) => {
      const { id, version } = one(request)
      const etag = `"${encodeURIComponent(id)}-${version}"`
      reply.header('etag', etag)
      if (request.headers['if-none-match'] === etag) return reply.code(304).send()
      return { id, version }
    }
  )
  app.get<ById>(
    '/text/:id',
    { config: { cache: { ttl: '1m', public: true, tags: ['item:{id}'] } } },
    async (request, reply) => {
      const { id, version } = one(request)
      reply
        .type('text/plain; charset=utf-8')
        .header('last-modified', new Date(Date.UTC(2020, 0, 1) + version * 1000).toUTCString())
      return `${id} ${version} ${LOREM}`
    }
  )
  app.get<ById>(
    '/language/:id',
    {
      config: {
        cache: { ttl: '1m', public: true, vary: ['accept-language'], tags: ['item:{id}'] }
      }
    },
    async (request, reply) => {
      reply.header('vary', 'accept-language')
      return { ...one(request), language: languageOf(request) }
    }
  )
  app.get<ById>(
    '/negotiated/:id',
    { config: { cache: { ttl: '1m', public: true, tags: ['item:{id}'] } } },
    async (request, reply) => {
      reply.header('vary', 'Accept')
      const { id, version } = one(request)
      if (!String(request.headers.accept).includes('text/html')) return { id, version }
      return reply.type('text/html').send(`<p>${id} ${version}</p>`)
    }
  )
  // A handler does not see parameters missing from its schema.
  app.get<Search>(
    '/search',
    {
      schema: {
        querystring: {
          type: 'object',
          properties: {
            q: { type: 'string', default: 'all' },
            page: { type: 'integer', minimum: 1, default: 1 }
          }
        }
      },
      config: { cache: { ttl: '1m', public: true, tags: ['items'] } }
    },
    async ({ query: { q, page } }) => ({ version: state.version('search'), q, page })
  )
  app.get<ById>(
    '/missing/:id',
    { config: { cache: { ttl: '1m', negative: '1m', public: true, tags: ['item:{id}'] } } },
    async (request, reply) => {
      const { version } = one(request)
      return version % 2 === 1 ? reply.code(404).send({ missing: version }) : { found: version }
    }
  )
  for (const version of ['1.0.0', '2.0.0']) {
    app.get<ById>('/versioned/:id', {
      constraints: { version }, config: { cache: { ttl: '1m', public: true, tags: ['item:{id}'] } }
    }, async (request) => ({ ...one(request), api: version }))
  }
  app.get<ById>(
    '/guarded/:id',
    { ...guard, config: { cache: { ttl: '1m', public: true, tags: ['item:{id}'] } } },
    async (request) => ({
      ...one(request),
      guarded: true
    })
  )
  app.get<ById>(
    '/personal/:id',
    { config: { cache: { ttl: '1m', tags: ['item:{id}'] } } },
    async (request, reply) => {
      reply.header('cache-control', 'private, max-age=0')
      return { ...one(request), who: whoOf(request) }
    }
  )
  app.get<ById>('/plain/:id', async (request) => ({ ...one(request), who: whoOf(request) }))

  app.put<ById>('/items/:id', { config: { invalidates: ['item:{id}'] } }, async (request) => ({
    version: state.bump(request.params.id)
  }))
  app.post<ById>('/items/:id', async (request, reply) => {
    const version = state.bump(request.params.id)
    invalidate(reply, [`item:${request.params.id}`])
    return reply.code(201).send({ version })
  })
  app.post('/reset', { config: { invalidates: ['items'] } }, async (_request, reply) => {
    const names = ['1', '2', '3', 'search']
    for (const name of names) state.bump(name)
    invalidate(reply, names.map((name) => `item:${name}`))
    return reply.send({ version: state.version('search') })
  })
  app.get<{ Params: { '*': string } }>(
    '/wild/*',
    { config: { cache: { ttl: '1m', public: true, tags: ['items'] } } },
    async ({ params }) =>
      // Like file servers: other spellings of a path are the same resource.
      ({ rest: posix.normalize(params['*']), version: state.version('search') })
  )
  // Only its URI connects a write with the response (RFC 9111, 4.4).
  app.get<ById>('/uri/:id', { config: { cache: { ttl: '1m', public: true } } }, async (request) =>
    item({ id: `uri-${request.params.id}` })
  )
  app.put<ById>('/uri/:id', async (request) => ({
    version: state.bump(`uri-${request.params.id}`)
  }))
  app.delete<ById>('/uri/:id', async (request, reply) => {
    state.bump(`uri-${request.params.id}`)
    return reply.code(204).send()
  })
}

const open = { isCached: true, isShared: true } as const

/** The targets that requests read. */
export const SHOP_TARGETS: readonly Target[] = [
  { path: '/items/{n}', isCached: true, queries: ['', '?a=1', '?a=1&b=2'] },
  { path: '/public/{n}', ...open, queries: ['', '?q=x', '?q=%78'] },
  { path: '/shared/{n}', ...open },
  { path: '/short/{n}', ...open, isStored: false },
  { path: '/text/{n}', ...open },
  { path: '/language/{n}', ...open, vary: ['accept-language'] },
  { path: '/negotiated/{n}', ...open },
  {
    path: '/search',
    ...open,
    queries: ['', '?q=all', '?q=b&page=2', '?page=02&q=b', '?page=0', '?q=c&utm=1']
  },
  { path: '/missing/{n}', ...open },
  { path: '/versioned/{n}', ...open },
  { path: '/guarded/{n}', ...open },
  { path: '/personal/{n}', isCached: true, isStored: false },
  { path: '/plain/{n}', isCached: false },
  { path: '/uri/{n}', ...open },
  { path: '/wild/a/{n}', ...open }
]

export const SHOP_WRITES: readonly Write[] = [
  { method: 'PUT', path: '/items/{n}' },
  { method: 'POST', path: '/items/{n}' },
  { method: 'POST', path: '/reset' },
  { method: 'PUT', path: '/uri/{n}' },
  { method: 'DELETE', path: '/uri/{n}' },
  { method: 'PUT', path: '/public/{n}' }
]

/** The user that a request claims to be from, true or not. */
export function whoOf ({ headers }: FastifyRequest): string {
  const cookie = /(?:^|;\s*)user=([^;]+)/.exec(headers.cookie ?? '')?.[1]
  return String(headers.authorization ?? headers['x-api-key'] ?? cookie ?? 'anybody')
}

const languageOf = ({ headers }: FastifyRequest) =>
  String(headers['accept-language'] ?? 'en').slice(0, 2)
