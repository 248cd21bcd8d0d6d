import { Readable } from 'node:stream'
import { setImmediate as turn } from 'node:timers/promises'
import { gunzipSync } from 'node:zlib'
import compress from '@fastify/compress'
import cookie from '@fastify/cookie'
import session from '@fastify/session'
import { memoryStore } from '@weir/cache/memory'
import { type Certificate, certificate } from '@weir/internal/testing'
import { parseCacheControl } from '@weir/http'
import Fastify, {
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  type RouteOptions
} from 'fastify'
import t, { type Test } from 'tap'
import cacheControl, { type PageCacheControl } from '../cache-control/index.js'
import fragments, { type FragmentOptions } from '../fragments/index.js'
import responseCache, { type RouteCacheOptions } from '../response-cache/index.js'
import {
  type Ask,
  askBy,
  askHttp,
  askHttp2,
  type Got,
  type Transport as Plain,
  TRANSPORTS as PLAIN
} from './support/ask.js'

/*
 * Fragments in a listening application, with sessions and compression: each user has private ones,
 * and the shared ones.
 */

interface Transport {
  readonly server: (tls: Certificate) => object
  readonly ask: (app: FastifyInstance, path: string, ask?: Ask) => Promise<Got>
}

const TRANSPORTS: Readonly<Record<string, Transport>> = {
  http1: { server: () => ({}), ask: askHttp },
  'http1 with TLS': { server: (https) => ({ https }), ask: askHttp },
  'http2 with TLS': { server: (tls) => ({ http2: true, https: tls }), ask: askHttp2 }
}

const LONG = 'text that can be compressed '.repeat(100)

async function shop (t: Test, server: object) {
  const renders = { menu: 0, basket: 0 }
  const app: FastifyInstance = Fastify(server)
  t.teardown(() => app.close())
  app.decorateRequest('user', null)
  await app.register(cookie)
  await app.register(session, {
    secret: 'a secret of at least thirty-two letters',
    cookie: { secure: false },
    saveUninitialized: false
  })
  await app.register(compress, { threshold: 0, encodings: ['gzip'] })
  app.addHook('preHandler', async (request) => {
    const name: unknown = Reflect.get(request.session, 'name')
    if (typeof name === 'string') Object.assign(request, { user: { id: name } })
  })
  await app.register(responseCache, { store: memoryStore() })
  await app.register(fragments)
  app.get<{ Params: { name: string } }>('/login/:name', async ({ session, params }) => {
    Object.assign(session, { name: params.name })
    return 'welcome'
  })
  app.get('/page', { config: { cache: { ttl: '1m' } } }, async (request, reply) => {
    const menu = await reply.fragment(
      'menu',
      { ttl: '1m' },
      () => `<menu>${++renders.menu} ${LONG}</menu>`
    )
    const { user } = request as { user?: { id: string } | null }
    const basket = await reply.fragment(
      'basket',
      { ttl: '1m', private: true },
      () => `<b>${++renders.basket} of ${user?.id ?? 'nobody'}</b>`
    )
    return reply.type('text/html').send(menu + basket)
  })
  await app.listen({ port: 0, host: '127.0.0.1' })
  return { app, renders }
}

const textOf = ({ headers, body }: Got) =>
  (headers['content-encoding'] === 'gzip'
    ? gunzipSync(Buffer.from(body, 'latin1'))
    : body
  ).toString()

for (const [name, { server, ask }] of Object.entries(TRANSPORTS)) {
  t.test(`${name}: users with sessions have their own fragments, compressed or not`, async (t) => {
    const { app, renders } = await shop(t, server(await certificate(t.testdir())))
    const cookieOf = async (user: string) =>
      String((await ask(app, `/login/${user}`)).headers['set-cookie']).split(';', 1)[0] ?? ''
    const users = new Map<string, string>()
    for (const user of ['ana', 'ben']) users.set(user, await cookieOf(user))
    for (let round = 0; round < 3; round++) {
      for (const [user, cookie] of users) {
        for (const encoding of ['gzip', 'identity']) {
          const got = await ask(app, '/page', { headers: { cookie, 'accept-encoding': encoding } })
          const text = textOf(got)
          t.ok(text.endsWith(` of ${user}</b>`), `${user}, ${encoding}`)
          t.match(got.headers['cache-control'], /private/)
        }
      }
      t.ok(textOf(await ask(app, '/page')).endsWith(' of nobody</b>'), 'without a session')
    }
    t.equal(renders.menu, 1, 'one menu for all')
    t.equal(
      renders.basket,
      2 + 3,
      'one basket per user, and per request of an unknown client'
    )
  })
}

type Use = (request: FastifyRequest, reply: FastifyReply) => Promise<string>

interface Moment {
  /** The page has been started before. */
  readonly isLate: boolean
  readonly route: (use: Use) => Omit<RouteOptions, 'method' | 'url'>
}

/** Ways to answer with a fragment, by the time at which it is used. */
const MOMENTS: Readonly<Record<string, Moment>> = {
  'by the handler': {
    isLate: false,
    route: (use) => ({
      handler: async (request, reply) =>
        reply.type('text/html').send(`<p>${await use(request, reply)}`)
    })
  },
  'by a hook before the handler': {
    isLate: false,
    route: (use) => ({
      preHandler: async (request, reply) => {
        Object.assign(request, { made: await use(request, reply) })
      },
      handler: async (request) => `<p>${String(Reflect.get(request, 'made'))}`
    })
  },
  'by onSend of the route': {
    isLate: false,
    route: (use) => ({
      onSend: async (request, reply, payload) => `${String(payload)}${await use(request, reply)}`,
      handler: async (_request, reply) => {
        reply.type('text/html')
        return '<p>'
      }
    })
  },
  'by the first chunk of a stream': {
    isLate: false,
    route: (use) => ({
      handler: (request, reply) => {
        reply.type('text/html').send(
          Readable.from(
            (async function * () {
              yield `<p>${await use(request, reply)}`
            })()
          )
        )
      }
    })
  },
  'by a later chunk of a stream': {
    isLate: true,
    route: (use) => ({
      handler: (request, reply) => {
        reply.type('text/html').send(
          Readable.from(
            (async function * () {
              yield '<p>'
              await sent(reply)
              yield await use(request, reply)
            })()
          )
        )
      }
    })
  },
  'by the raw response, before its head': {
    isLate: false,
    route: (use) => ({
      handler: async (request, reply) => {
        reply.hijack()
        const html = await use(request, reply)
        reply.raw.writeHead(200, { ...reply.getHeaders(), 'content-type': 'text/html' } as Record<
          string,
          string
        >)
        reply.raw.end(`<p>${html}`)
      }
    })
  },
  'by the raw response, before an implicit head': {
    isLate: false,
    route: (use) => ({
      handler: async (request, reply) => {
        reply.hijack()
        for (const [name, value] of Object.entries(reply.getHeaders())) {
          reply.raw.setHeader(name, value ?? '')
        }
        reply.raw.end(`<p>${await use(request, reply)}`)
      }
    })
  },
  'by the raw response, after its first byte': {
    isLate: true,
    route: (use) => ({
      handler: async (request, reply) => {
        reply.hijack()
        reply.raw.writeHead(200, { ...reply.getHeaders(), 'content-type': 'text/html' } as Record<
          string,
          string
        >)
        reply.raw.write('<p>')
        await sent(reply)
        try {
          reply.raw.end(await use(request, reply))
        } catch (error) {
          request.log.error(error)
          reply.raw.destroy()
        }
      }
    })
  }
}

/** Waits until the head is decided and being sent. */
async function sent (reply: FastifyReply): Promise<void> {
  while (!reply.raw.headersSent) await turn()
}

const ROUTES: Readonly<
  Record<string, { cache?: RouteCacheOptions; cacheControl?: PageCacheControl; said?: string }>
> = {
  nothing: {},
  cached: { cache: { ttl: '1h' } },
  'cached for everybody': { cache: { ttl: '1h', public: true } },
  public: { cacheControl: { public: true, maxAge: '1h' } },
  'public by header': { said: 'public, max-age=3600' },
  'cached, and public by header': { cache: { ttl: '1h' }, said: 'public, max-age=3600' },
  'private by header': { said: 'private, max-age=3600' },
  noStore: { cacheControl: { noStore: true } }
}

const FRAGMENTS: Readonly<Record<string, FragmentOptions>> = {
  plain: { ttl: '1m', tags: ['menu'] },
  private: { ttl: '1m', tags: ['menu'], private: true },
  varying: { ttl: '1m', tags: ['menu'], vary: ['x-user'] },
  'varying by a function': { ttl: '1m', tags: ['menu'], vary: [({ headers }) => headers['x-user']] }
}

const textOfField = (field: unknown) => typeof field === 'string' ? field : ''

/** Returns whether a downstream cache may answer another user with a response. */
function isForOthers ({ headers }: Got): boolean {
  const vary = String(headers['vary'])
  const directives = parseCacheControl(textOfField(headers['cache-control']))
  const asks =
    directives.has('no-cache') &&
    headers['etag'] === undefined &&
    headers['last-modified'] === undefined
  return (
    !directives.has('private') &&
    !directives.has('no-store') &&
    !asks &&
    !vary.includes('x-user') &&
    !vary.includes('*')
  )
}

async function usedAtAnyMoment (t: Test, transport: Plain) {
  const log: string[] = []
  const logger = { level: 'warn', stream: { write: (line: string) => { log.push(line) } } }
  const app: FastifyInstance =
    transport === 'http2' ? (Fastify({ http2: true, logger }) as never) : Fastify({ logger })
  t.teardown(() => app.close())
  await app.register(cacheControl)
  await app.register(responseCache, { store: memoryStore() })
  await app.register(fragments, { identify: ({ headers }) => String(headers['x-user']) })
  let version = 1
  const cases = new Map<string, { moment: string, route: string, fragment: string }>()
  for (const [moment, { route: make }] of Object.entries(MOMENTS)) {
    for (const [route, { said, ...config }] of Object.entries(ROUTES)) {
      for (const [fragment, options] of Object.entries(FRAGMENTS)) {
        const url = `/${cases.size}`
        cases.set(url, { moment, route, fragment })
        const made = make((request, reply) =>
          reply.fragment(
            url,
            options,
            () =>
              `[${String(version)}${fragment === 'plain' ? '' : ` of ${String(request.headers['x-user'])}`}]`
          )
        )
        app.route({
          method: 'GET',
          url,
          ...made,
          config,
          onRequest: async (_request, reply) => {
            if (said !== undefined) reply.header('cache-control', said)
          }
        })
      }
    }
  }
  if (transport === 'inject') await app.ready()
  else await app.listen({ host: '127.0.0.1', port: 0 })

  const get = async (url: string, user: string) => {
    const got = await askBy(transport, app, url, { headers: { 'x-user': user } }).catch(
      () => undefined
    )
    return got?.body === '<p>' ? undefined : got
  }
  const broken = new Set<string>()
  for (const [url, { moment, route, fragment }] of cases) {
    const name = `${fragment}, used ${moment}, of a route that says ${route}`
    const isLate = MOMENTS[moment]?.isLate === true
    log.length = 0
    version = 1
    for (const user of ['alice', 'bob', 'alice']) {
      const got = await get(url, user)
      if (got === undefined) {
        broken.add(name)
        t.ok(isLate && fragment !== 'plain', `${name}: broke off`)
        t.match(log.join(), /"code":"WEIR_ERR_FRAGMENT_LATE"/, `${name}: says why`)
        continue
      }
      const want = fragment === 'plain' ? `<p>[${version}]` : `<p>[${version} of ${user}]`
      t.equal(got.body, want, `${name}: for ${user}`)
      if (fragment !== 'plain') {
        t.notOk(
          isForOthers(got),
          `${name}: ${String(got.headers['cache-control'])}, ${String(got.headers['vary'])}`
        )
      }
      const age = /max-age=(\d+)/.exec(String(got.headers['cache-control']))?.[1]
      if (!isLate && age !== undefined) t.ok(Number(age) <= 60, `${name}: max-age=${age}`)
      if (user === 'bob') {
        const isKept =
          route.startsWith('cached') &&
          (fragment === 'plain' || (fragment === 'varying' && !isLate))
        const again = (await get(url, 'bob'))?.headers['cache-status']
        t.equal(/hit/.test(String(again)), isKept, `${name}: ${String(again)}`)
        version = 2
        await app.fragments.invalidate(['menu'])
      }
    }
  }
  t.ok(broken.size > 10, `${broken.size} pages were broken off`)
  for (const name of broken) {
    t.notMatch(name, /says (cached|cached for everybody|private by header)$/, name)
  }
}

for (const transport of PLAIN) {
  t.test(
    `a page follows from its fragments, regardless of when they are used (${transport})`,
    (t) => usedAtAnyMoment(t, transport)
  )
}
