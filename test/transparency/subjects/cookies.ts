import cookie from '@fastify/cookie'
import type { Subject } from '../subject.js'

/** `@fastify/cookie`: signed cookies, and some that a hook or a handler sets. */
export const cookies: Subject = {
  name: 'cookie',
  async plugins (app) {
    await app.register(cookie, { secret: 'a secret that is fixed' })
  },
  routes (app, { state }) {
    app.get('/visit', { config: { cache: { ttl: '1m' } } }, async (request, reply) => {
      if (request.cookies['seen'] === undefined) {
        reply.setCookie('seen', 'yes', { path: '/', signed: true, maxAge: 3600 })
      }
      return { version: state.version('visit') }
    })
    app.get(
      '/preference',
      {
        preHandler: async (request, reply) => {
          if (request.url.includes('theme=')) {
            reply.setCookie('theme', 'dark', { path: '/', httpOnly: true })
          }
        },
        config: { cache: { ttl: '1m', public: true } }
      },
      async () => ({ version: state.version('preference') })
    )
    app.get(
      '/mine',
      { config: { cache: { ttl: '1m', public: true, vary: ['cookie'] } } },
      async (request, reply) => {
        reply.header('vary', 'cookie')
        return {
          user: request.cookies['user'] ?? 'anybody',
          seen: request.unsignCookie(request.cookies['seen'] ?? '').value
        }
      }
    )
    app.put('/preference', async (_request, reply) => {
      reply.clearCookie('theme', { path: '/' })
      return { version: state.bump('preference') }
    })
  },
  targets: [
    { path: '/visit', isCached: true, isStored: false },
    {
      path: '/preference',
      isCached: true,
      isShared: true,
      isStored: false,
      queries: ['', '?theme=dark']
    },
    { path: '/mine', isCached: true, isShared: true, isStored: false, vary: ['cookie'] }
  ],
  writes: [{ method: 'PUT', path: '/preference' }]
}
