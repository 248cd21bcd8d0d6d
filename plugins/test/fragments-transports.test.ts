import { gunzipSync } from 'node:zlib'
import compress from '@fastify/compress'
import cookie from '@fastify/cookie'
import session from '@fastify/session'
import { memoryStore } from '@weir/cache/memory'
import { type Certificate, certificate } from '@weir/internal/testing'
import Fastify, { type FastifyInstance } from 'fastify'
import t, { type Test } from 'tap'
import fragments from '../fragments/index.js'
import responseCache from '../response-cache/index.js'
import { type Ask, askHttp, askHttp2, type Got } from './support/ask.js'

/*
 * Fragments in an application that listens, with sessions and compression: everybody has their own, and the shared ones.
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
  await app.register(session, { secret: 'a secret of at least thirty-two letters', cookie: { secure: false }, saveUninitialized: false })
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
    const menu = await reply.fragment('menu', { ttl: '1m' }, () => `<menu>${++renders.menu} ${LONG}</menu>`)
    const { user } = request as { user?: { id: string } | null }
    const basket = await reply.fragment('basket', { ttl: '1m', private: true }, () => `<b>${++renders.basket} of ${user?.id ?? 'nobody'}</b>`)
    return reply.type('text/html').send(menu + basket)
  })
  await app.listen({ port: 0, host: '127.0.0.1' })
  return { app, renders }
}

const textOf = ({ headers, body }: Got) => (headers['content-encoding'] === 'gzip' ? gunzipSync(Buffer.from(body, 'latin1')) : body).toString()

for (const [name, { server, ask }] of Object.entries(TRANSPORTS)) {
  t.test(`${name}: users with sessions have their own fragments, compressed or not`, async (t) => {
    const { app, renders } = await shop(t, server(await certificate(t.testdir())))
    const cookieOf = async (user: string) => String((await ask(app, `/login/${user}`)).headers['set-cookie']).split(';', 1)[0] ?? ''
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
    t.equal(renders.basket, 2 + 3, 'one basket for each user, and for each request of somebody not known')
  })
}
