import { type FastifyInstance } from 'fastify'

/**
 * Redirects pages with a final slash, such as `/shop/`, to the page without it, so that each page
 * has one URL. Applies to every page declared after it.
 */
export function redirectFinalSlashes (app: FastifyInstance): void {
  app.addHook('onRoute', ({ method, url }) => {
    if (method !== 'GET' || url.endsWith('/')) return
    app.get(`${url}/`, {
      schema: { hide: true },
      config: { cacheControl: { public: true, maxAge: '1d' } }
    }, async (request, reply) => {
      const { pathname, search } = new URL(request.url, 'http://storefront')
      return reply.redirect(`${pathname.replace(/\/+$/, '')}${search}`, 308)
    })
  })
}
