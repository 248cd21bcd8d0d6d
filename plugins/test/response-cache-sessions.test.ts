import cookie from '@fastify/cookie'
import secureSession from '@fastify/secure-session'
import session from '@fastify/session'
import type { FastifyRequest } from 'fastify'
import t from 'tap'
import { cachedApp } from './support/cached-app.js'

/*
 * Plugins write sessions in onSend hooks, which do not run on a hit. Pending sessions must not be
 * lost.
 */

const SECRET = 'a secret with at least thirty-two characters'
const cache = { ttl: '1m', public: true } as const

/** Actions of a hook before the handler, if requested. */
async function visit (request: FastifyRequest): Promise<void> {
  if (request.headers['x-visit'] === undefined) return
  const set: unknown = Reflect.get(request.session, 'set')
  if (typeof set === 'function') Reflect.apply(set, request.session, ['visits', '1'])
}

const cookieOf = (headers: Record<string, unknown>) =>
  String(headers['set-cookie']).replace(/;.*/s, '')

t.test(
  'a session of @fastify/session that has changed, or is prolonged by each response, is saved',
  async (t) => {
    for (const [name, maxAge] of [
      ['that expires', 60_000],
      ['without an end', undefined]
    ] as const) {
      const app = await cachedApp(t)
      await app.register(cookie)
      const options = { secure: false, ...(maxAge !== undefined && { maxAge }) }
      await app.register(session, { secret: SECRET, saveUninitialized: false, cookie: options })
      app.addHook('preHandler', visit)
      app.get('/x', { config: { cache } }, async () => 'x')
      const get = async (headers: Record<string, string> = {}) =>
        (await app.inject({ url: '/x', headers })).headers
      t.match((await get())['cache-status'], 'stored')
      t.match((await get())['cache-status'], 'hit')

      const first = await get({ 'x-visit': '1' })
      t.match(
        first,
        { 'set-cookie': /^sessionId=/, 'cache-status': 'weir; fwd=bypass; detail=SESSION' },
        `a new session ${name}`
      )
      const later = await get({ cookie: cookieOf(first) })
      if (maxAge === undefined) t.match(later['cache-status'], 'hit', 'nothing is pending')
      else {
        t.match(
          later,
          { 'set-cookie': /Expires=/, 'cache-status': 'weir; fwd=bypass; detail=SESSION' },
          'it lasts longer'
        )
      }
      t.match((await get())['cache-status'], 'hit', 'other clients get the stored response')
    }
  }
)

t.test('a session of @fastify/secure-session that has changed is sent', async (t) => {
  const app = await cachedApp(t)
  await app.register(secureSession, { key: Buffer.alloc(32, 1) })
  app.addHook('preHandler', visit)
  app.get('/x', { config: { cache } }, async () => 'x')
  const get = async (headers: Record<string, string> = {}) =>
    (await app.inject({ url: '/x', headers })).headers
  t.match((await get())['cache-status'], 'stored')
  const first = await get({ 'x-visit': '1' })
  t.match(first, { 'set-cookie': /^session=/, 'cache-status': 'weir; fwd=bypass; detail=SESSION' })
  t.match(
    (await get({ cookie: cookieOf(first) }))['cache-status'],
    'hit',
    'nothing is pending'
  )
})
