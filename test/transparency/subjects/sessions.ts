import cookie from '@fastify/cookie'
import csrf from '@fastify/csrf-protection'
import secureSession from '@fastify/secure-session'
import session from '@fastify/session'
import type { Subject, Write } from '../subject.js'

declare module 'fastify' {
  interface Session {
    user?: string
  }
}

declare module '@fastify/secure-session' {
  interface SessionData {
    user: string
  }
}

interface Login {
  readonly Body: { readonly user: string }
}

const SECRET = 'a secret of thirty-two characters or more'
const logins = (user: string): Write => ({
  method: 'POST',
  path: '/login',
  type: 'application/json',
  body: JSON.stringify({ user })
})

/** `@fastify/session`: logged-in users, in the memory of the server. */
export const sessions: Subject = {
  name: 'session',
  async plugins (app) {
    let count = 0
    await app.register(cookie)
    await app.register(session, {
      secret: SECRET,
      cookie: { secure: false, maxAge: 3_600_000 },
      saveUninitialized: false,
      idGenerator: () => `id-${++count}`
    })
  },
  guard: () => ({
    preHandler: async (request, reply) => {
      if (request.session.user === undefined) return reply.code(401).send({ error: 'log in' })
    }
  }),
  routes (app, { state }) {
    app.post<Login>('/login', async (request) => {
      request.session.user = request.body.user
      return { user: request.body.user }
    })
    app.get(
      '/account',
      { config: { cache: { ttl: '1m', tags: ['item:1'] } } },
      async (request) => ({ user: request.session.user ?? 'anybody', version: state.version('1') })
    )
    app.post('/logout', async (request, reply) => {
      // The type declarations of the two session plugins conflict.
      const destroy: unknown = Reflect.get(request.session, 'destroy')
      if (typeof destroy === 'function') await Reflect.apply(destroy, request.session, [])
      return reply.code(204).send()
    })
    app.put('/account', { config: { invalidates: ['item:1'] } }, async () => ({
      version: state.bump('1')
    }))
  },
  targets: [{ path: '/account', isCached: true, isStored: false }],
  writes: [
    { method: 'POST', path: '/logout' },
    { method: 'PUT', path: '/account' },
    logins('anna'),
    logins('ben')
  ],
  logins
}

/** `@fastify/secure-session`: sessions in an encrypted cookie, which differs each time. */
export const secureSessions: Subject = {
  name: 'secure-session',
  async plugins (app) {
    await app.register(secureSession, {
      key: Buffer.alloc(32, 7),
      cookieName: 'session',
      cookie: { path: '/' }
    })
  },
  guard: () => ({
    preHandler: async (request, reply) => {
      if (request.session.get('user') === undefined) {
        return reply.code(401).send({ error: 'log in' })
      }
    }
  }),
  routes (app, { state }) {
    app.post<Login>('/login', async (request) => {
      request.session.set('user', request.body.user)
      return { user: request.body.user }
    })
    app.get('/account', { config: { cache: { ttl: '1m', tags: ['item:1'] } } }, async (request) => (
      { user: request.session.get('user') ?? 'anybody', version: state.version('1') }
    ))
    app.post('/logout', async (request) => {
      request.session.delete()
      return { user: null }
    })
  },
  targets: [{ path: '/account', isCached: true }],
  writes: [{ method: 'POST', path: '/logout' }, logins('anna'), logins('ben')],
  logins,
  momentary: { cookies: ['session'] }
}

/** `@fastify/csrf-protection`: forms with a token, and writes that require one. */
export const csrfProtection: Subject = {
  name: 'csrf-protection',
  async plugins (app) {
    await app.register(cookie, { secret: SECRET })
    await app.register(csrf, { cookieOpts: { signed: true } })
  },
  routes (app, { state }) {
    app.get('/form', { config: { cache: { ttl: '1m' } } }, async (_request, reply) => ({
      token: reply.generateCsrf(),
      version: state.version('form')
    }))
    app.get('/open-form', async (_request, reply) => ({ token: reply.generateCsrf() }))
    app.put(
      '/form',
      {
        onRequest: (request, reply, done) => {
          app.csrfProtection(request, reply, done)
        }
      },
      async () => ({ version: state.bump('form') })
    )
  },
  targets: [
    { path: '/form', isCached: true, isStored: false },
    { path: '/open-form', isCached: false }
  ],
  writes: [{ method: 'PUT', path: '/form' }],
  momentary: { cookies: ['_csrf'], body: /"token":"[^"]+"/g }
}
