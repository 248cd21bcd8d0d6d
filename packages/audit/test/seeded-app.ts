import { gzipSync } from 'node:zlib'
import { memoryStore } from '@weir/cache/memory'
import conditional from '@weir/fastify/conditional'
import responseCache from '@weir/fastify/response-cache'
import {
  fastify, type FastifyInstance, type FastifyReply, type FastifyRequest, type RouteHandlerMethod
} from 'fastify'
import type { CheckId } from '../src/index.js'
import { type NaiveOptions, naiveCache } from './naive-cache.js'

/** One kind of fault: its route has it, and the route's twin below `/good` does not. */
interface Seed {
  readonly check: CheckId
  /** Path below `/bad` and `/good`, if it is not the name of the seed. */
  readonly path?: string
  /** Example URL of the route, below `/bad` and `/good`. */
  readonly url?: string
  /** Whether only the app in process shows it, or only a connection. */
  readonly only?: 'inject' | 'loopback'
  readonly declare: (app: FastifyInstance, path: string, isBad: boolean) => void
}

const header = ({ headers }: FastifyRequest, name: string) => String(headers[name] ?? 'none')
const text = (answer: (request: FastifyRequest) => string): RouteHandlerMethod =>
  (request, reply) => reply.type('text/plain').send(answer(request))
const queryOf = ({ query }: FastifyRequest, name: string): string => {
  const value = (query as Readonly<Record<string, string | string[] | undefined>>)[name]
  return String([value].flat().at(-1) ?? 'none')
}

/** A route behind a cache of its own making. */
const naive = (
  check: CheckId,
  handler: RouteHandlerMethod,
  bad: NaiveOptions,
  good: NaiveOptions = {}
): Seed => ({
  check,
  declare (app, path, isBad) {
    app.get(path, naiveCache(isBad ? bad : good), handler)
  }
})

/** A route behind Weir's response cache, of which the bad one is misconfigured. */
const weir = (
  check: CheckId,
  handler: RouteHandlerMethod,
  bad: object,
  good: object = {}
): Seed => ({
  check,
  declare (app, path, isBad) {
    app.get(path, { config: { cache: { ttl: '1m', ...(isBad ? bad : good) } } }, handler)
  }
})

const user = (request: FastifyRequest) =>
  `Account of ${header(request, 'authorization')} ${header(request, 'cookie')}`

/** Tokens of users, which the guarded route knows. */
export const USERS = [
  { authorization: 'Bearer alice' },
  { authorization: 'Bearer bob' }
] as const

const guard = (request: FastifyRequest, reply: FastifyReply, done: () => void) => {
  if (USERS.some(({ authorization }) => authorization === request.headers.authorization)) done()
  else reply.code(401).send('Log in')
}

let served = 0

/** The faults by name. */
export const SEEDS: Readonly<Record<string, Seed>> = {
  'forwarded-host': weir(
    'unkeyed-header',
    text((request) => `<a href="https://${header(request, 'x-forwarded-host')}/">Home</a>`),
    {},
    { vary: ['x-forwarded-host'] }
  ),
  'own-header': {
    ...weir(
      'unkeyed-header',
      text((request) => `Shop of ${header(request, 'x-shop-of')}`),
      {},
      { vary: ['x-shop-of'] }
    ),
    only: 'inject'
  },
  language: weir(
    'unkeyed-header',
    text((request) => header(request, 'accept-language').startsWith('de') ? 'Bonjour' : 'Hello'),
    {},
    { vary: ['accept-language'] }
  ),
  origin: weir(
    'unkeyed-header',
    (request, reply) => reply
      .header('access-control-allow-origin', header(request, 'origin'))
      .send('Prices'),
    {},
    { vary: ['origin'] }
  ),
  device: naive(
    'unkeyed-header',
    text((request) => /Mobile/.test(header(request, 'user-agent')) ? 'Small page' : 'Large page'),
    {},
    { key: (request) => request.url + header(request, 'user-agent') }
  ),
  redirect: naive(
    'unkeyed-header',
    (request, reply) => reply.redirect(`${header(request, 'x-forwarded-proto')}://shop.example/`),
    { statuses: [302] },
    { statuses: [302], key: (request) => `${request.url} ${header(request, 'x-forwarded-proto')}` }
  ),
  varying: naive(
    'vary-ignored',
    (request, reply) => reply
      .header('vary', 'accept-language')
      .send(header(request, 'accept-language').startsWith('de') ? 'Bonjour' : 'Hello'),
    { lax: ['vary'] },
    { lax: ['vary'], key: (request) => `${request.url} ${header(request, 'accept-language')}` }
  ),
  theme: weir(
    'unkeyed-cookie',
    text((request) => /theme=dark/.test(header(request, 'cookie')) ? 'Dark' : 'Light'),
    { public: true }
  ),
  host: naive(
    'unkeyed-host',
    text(({ host }) => `http://${host}/`),
    { key: ({ url }) => url }
  ),
  'dropped-parameter': weir(
    'unkeyed-query',
    text((request) => `Page ${queryOf(request, 'page')}`),
    { key: (request: FastifyRequest) => request.url.replace(/[?&]page=[^&]*/, '') }
  ),
  'path-only': naive(
    'unkeyed-query',
    text((request) => `Results for ${queryOf(request, 'q')}`),
    { key: ({ url }) => url.split('?')[0] ?? '', header: true }
  ),
  pollution: naive(
    'query-pollution',
    text((request) => `Sorted by ${queryOf(request, 'sort')}`),
    {
      key ({ url }) {
        const { searchParams } = new URL(url, 'http://a')
        // The first value is keyed, and the handler takes the last.
        return [...new Set(searchParams.keys())]
          .map((name) => `${name}=${searchParams.get(name)}`)
          .join('&')
      }
    }
  ),
  'declared-parameter': {
    ...weir(
      'query-pollution',
      text((request) => `Page ${queryOf(request, 'n')}`),
      { key: ({ url }: FastifyRequest) => `n=${new URL(url, 'http://a').searchParams.get('n')}` }
    ),
    url: '/declared-parameter?n=1'
  },
  translated: {
    ...weir(
      'unkeyed-query',
      text((request) => `Page in ${queryOf(request, 'lang')}`),
      { key: ({ url }: FastifyRequest) => url.replace(/([?&])lang=[^&]*/, '') }
    ),
    url: '/translated?lang=de'
  },
  separator: {
    check: 'query-separator',
    declare (app, path, isBad) {
      app.get(path, naiveCache(isBad ? { key: ({ url }) => url.replace(/;[^&]*/g, '') } : {}),
        text(({ url }) => `Language ${/[?&;]lang=([^&;]*)/.exec(url)?.[1] ?? 'none'}`))
    }
  },
  body: naive(
    'unkeyed-body',
    async (request) => {
      let body = ''
      for await (const chunk of request.raw) body += String(chunk)
      return `Results for ${body}`
    },
    {},
    { unless: ({ headers }) => 'content-length' in headers }
  ),
  override: naive(
    'method-override',
    (request, reply) => request.headers['x-http-method-override'] === 'HEAD'
      ? reply.send('')
      : reply.send('A page'),
    {},
    { unless: ({ headers }) => 'x-http-method-override' in headers }
  ),
  hop: naive(
    'hop-by-hop',
    (request, reply) => {
      const isDropped = header(request, 'connection').includes('accept-language')
      const language = isDropped ? 'none' : header(request, 'accept-language')
      return reply.send(language.startsWith('de') ? 'Bonjour' : 'Hello')
    },
    { key: (request) => `${request.url} ${header(request, 'accept-language')}` },
    {
      key: (request) =>
        `${request.url} ${header(request, 'accept-language')} ${header(request, 'connection')}`
    }
  ),
  account: {
    check: 'path-deception',
    path: '/account*',
    url: '/account',
    declare (app, path, isBad) {
      const options = isBad
        ? {
            lax: ['authorization', 'cookie', 'x-api-key'] as const,
            unless: ({ url }: FastifyRequest) => !/\.(?:css|js|png)(?:\?|$)/.test(url)
          }
        : {}
      app.get(path, naiveCache(options), text(user))
    }
  },
  normalized: {
    check: 'path-collision',
    declare (app, path, isBad) {
      const key = ({ url }: FastifyRequest) =>
        isBad ? url.replace(/\/(?=\?|$)/, '').toLowerCase() : url
      const options = naiveCache({ key, statuses: [200, 404] })
      app.get(path, options, async () => 'A page')
      app.get(`${path}/`, options, async (_request, reply) => reply.code(404).send('No page'))
    }
  },
  capitals: {
    check: 'path-collision',
    path: '/capitals/:name',
    url: '/capitals/1',
    declare (app, path, isBad) {
      const key = ({ url }: FastifyRequest) => isBad ? url.toLowerCase() : url
      app.get(path, { config: { cache: { ttl: '1m', key } } }, text(({ url }) =>
        `Page ${/([^/?]*)(?:\?|$)/.exec(url)?.[1]}`))
    }
  },
  matrix: {
    check: 'path-collision',
    path: '/matrix/:name',
    url: '/matrix/page',
    declare (app, path, isBad) {
      app.get(path, naiveCache(isBad ? { key: ({ url }) => url.replace(/;[^/?]*/g, '') } : {}),
        text(({ url }) => `Page ${url.split('?')[0]}`))
    }
  },
  'decoded-twice': {
    check: 'path-collision',
    path: '/decoded-twice/:name',
    url: '/decoded-twice/page',
    declare (app, path, isBad) {
      const key = ({ url }: FastifyRequest) => url.replace(
        /%25([\da-f]{2})/gi, (_, code: string) => String.fromCharCode(parseInt(code, 16)))
      app.get(path, naiveCache(isBad ? { key } : {}),
        text(({ url }) => `Page ${url.split('?')[0]}`))
    }
  },
  'lower-query': naive(
    'unkeyed-query',
    text((request) => `Sorted by ${queryOf(request, 'sort')}`),
    { key: ({ url }) => url.replace(/[?].*/, (query) => query.toLowerCase()) }
  ),
  refused: {
    check: 'stored-refusal',
    declare (app, path, isBad) {
      const cache = naiveCache(isBad ? { statuses: [401], header: true } : { header: true })
      app.get(
        path,
        { ...cache, onRequest: isBad ? [cache.onRequest, guard] : [guard, cache.onRequest] },
        async () => 'Prices of resellers'
      )
    }
  },
  wildcard: {
    check: 'path-deception',
    path: '/wildcard/*',
    url: '/wildcard/page',
    declare (app, path, isBad) {
      const options = isBad
        ? {
            lax: ['authorization'] as const,
            unless: ({ url }: FastifyRequest) => !/\.(?:css|js|png)(?:\?|$)/.test(url)
          }
        : {}
      app.get(path, naiveCache(options), text(user))
    }
  },
  profile: weir('user-leak', text(user), { public: true }),
  session: naive(
    'user-leak',
    text((request) => /sid=(\w+)/.exec(header(request, 'cookie'))?.[1] ?? 'no session'),
    { lax: ['cookie'] }
  ),
  guarded: {
    check: 'guard-bypass',
    declare (app, path, isBad) {
      const cache = naiveCache(isBad ? { lax: ['authorization'] } : {})
      app.get(
        path,
        { ...cache, onRequest: isBad ? [cache.onRequest, guard] : [guard, cache.onRequest] },
        async () => 'Prices of resellers'
      )
    }
  },
  cookie: weir(
    'stored-set-cookie',
    (_request, reply) => reply.header('set-cookie', `sid=${++served}`).send('Welcome'),
    { setCookie: 'store' }
  ),
  private: naive(
    'stored-private',
    (_request, reply) => reply.header('cache-control', 'private').send('Yours'),
    { lax: ['cache-control'], header: true }
  ),
  credentials: {
    ...naive(
      'stored-credentials',
      text(() => 'A page'),
      { lax: ['authorization'], header: true }
    ),
    // Configuration may say that a route is for all clients, which the wire does not show.
    only: 'inject'
  },
  oversized: naive(
    'stored-error',
    (request, reply) => header(request, 'x-weir-audit').length > 8000
      ? reply.code(400).send('Too long')
      : reply.send('A page'),
    { statuses: [200, 400] }
  ),
  'long-agent': naive(
    'stored-error',
    (request, reply) => header(request, 'user-agent').length > 500
      ? reply.code(400).send('Too long')
      : reply.send('A page'),
    { statuses: [200, 400] }
  ),
  'long-field': {
    ...naive(
      'stored-error',
      (request, reply) => header(request, 'x-shop-id').length > 500
        ? reply.code(404).send('No shop')
        : reply.send('A page'),
      { statuses: [200, 404] }
    ),
    only: 'inject'
  },
  failing: naive(
    'stored-failure',
    (_request, reply) => reply.code(500).send('Failed'),
    { statuses: [500], header: true }
  ),
  partial: naive(
    'partial-stored',
    (request, reply) => request.headers.range === undefined
      ? reply.send('A long page')
      : reply.code(206).header('content-range', 'bytes 0-1/11').send('A '),
    { lax: ['range'], statuses: [200, 206] }
  ),
  head: {
    check: 'head-stored',
    declare (app, path, isBad) {
      const options = isBad ? { key: ({ url }: FastifyRequest) => url, lax: ['method'] as const } : {}
      app.route({
        method: ['GET', 'HEAD'],
        url: path,
        ...naiveCache(options),
        handler: ({ method }, reply) => reply.send(method === 'HEAD' ? '' : 'A page')
      })
    }
  },
  conditional: naive(
    'conditional-stored',
    (request, reply) => request.headers['if-none-match'] === '"1"'
      ? reply.code(304).send('')
      : reply.header('etag', '"1"').send('A page'),
    { statuses: [200, 304] }
  ),
  validator: {
    check: 'conditional-mismatch',
    declare (app, path, isBad) {
      app.get(path, naiveCache({}), (request, reply) => {
        const asked = request.headers['if-none-match']
        const isMatch = isBad ? asked !== undefined : asked === '"2"'
        return isMatch ? reply.code(304).send('') : reply.header('etag', '"2"').send('Another page')
      })
    }
  },
  compressed: naive(
    'encoding-mixup',
    (request, reply) => header(request, 'accept-encoding').includes('gzip')
      ? reply.header('content-encoding', 'gzip').send(gzipSync('A page'))
      : reply.send('A page'),
    {},
    { key: (request) => `${request.url} ${header(request, 'accept-encoding')}` }
  ),
  star: naive(
    'vary-star-stored',
    (_request, reply) => reply.header('vary', '*').send('A page'),
    { lax: ['vary'], header: true }
  ),
  splitting: {
    check: 'response-splitting',
    only: 'loopback',
    declare (app, path, isBad) {
      app.get(path, (request, reply) => {
        const lang = queryOf(request, 'lang')
        if (!isBad) {
          reply.send('A page')
          return
        }
        const { socket } = reply.hijack().raw
        socket?.end(`HTTP/1.1 200 OK\r\nContent-Language: ${lang}\r\nContent-Length: 6\r\n\r\nA page`)
      })
    }
  }
}

/** Builds the app, with all faults and their twins. */
export async function buildApp (): Promise<FastifyInstance> {
  const app = fastify({ forceCloseConnections: true })
  await app.register(conditional)
  await app.register(responseCache, { store: memoryStore(), name: 'seeded' })
  for (const [name, { path = `/${name}`, declare }] of Object.entries(SEEDS)) {
    declare(app, `/bad${path}`, true)
    declare(app, `/good${path}`, false)
  }
  return app
}

/** Example of a route. */
export const urlOf = (half: 'bad' | 'good', name: string): string =>
  `/${half}${SEEDS[name]?.url ?? `/${name}`}`
