import view from '@fastify/view'
import ejs from 'ejs'
import { whoOf } from '../shop.js'
import type { Subject } from '../subject.js'
import { folderOf } from './files.js'

declare module 'fastify' {
  interface FastifyReply {
    locals?: { who?: string }
  }
}

/** `@fastify/view`: pages from templates, some with a hook's data about the user. */
export const views: Subject = {
  name: 'view',
  async plugins (app) {
    const root = folderOf(app, {
      'page.ejs': '<!doctype html><title><%= title %></title><p>version <%= version %></p>',
      'account.ejs': '<p>Welcome, <%= who %>: <%= version %></p>'
    })
    await app.register(view, { engine: { ejs }, root, defaultContext: { title: 'Shop' } })
    app.addHook('preHandler', async (request, reply) => {
      reply.locals = { who: whoOf(request) }
    })
  },
  routes (app, { state }) {
    const cache = { ttl: '1m', tags: ['item:1'] } as const
    app.get('/page', { config: { cache: { ...cache, public: true } } }, (_request, reply) =>
      reply.view('page.ejs', { version: state.version('1') })
    )
    app.get('/account', { config: { cache } }, (_request, reply) =>
      reply.view('account.ejs', { version: state.version('1') })
    )
    app.get('/string', { config: { cache } }, async (_request, reply) => {
      const html = await reply.viewAsync('page.ejs', {
        version: state.version('1'),
        title: 'Another'
      })
      return reply.type('text/html').send(html)
    })
    app.get('/broken', { config: { cache } }, (_request, reply) => reply.view('page.ejs', {}))
  },
  targets: [
    { path: '/page', isCached: true, isShared: true },
    { path: '/account', isCached: true },
    { path: '/string', isCached: true },
    { path: '/broken', isCached: true }
  ],
  // The folder's name is part of an error message.
  momentary: { body: /weir-transparency-\w+/g }
}
