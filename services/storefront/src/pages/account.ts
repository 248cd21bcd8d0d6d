import { type FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { NoQuery } from '@weir/fastify/service'
import { STOREFRONT_ERR_NO_DEMO_USERS } from '../errors.js'
import { formLimit } from '../limits.js'
import { sessionBy, sessionOf, signIn, signOut } from '../session.js'
import { Page } from './page.js'
import { CameFromSchema, DemoForm, html, TokenForm } from './schemas.js'
import { type Shop } from './shop.js'

/** Same lifetime as the tokens of `npm start`. */
const DEMO_LIFETIME = '12h'

/** Path and query of a page to which signing in returns. */
const PAGE = /^\/shop(?:\/lab|\/products\/\d+(?:\/edit)?)?(?:\?[!-"$-[\]-~]*)?$/

/** Returns the page of this site in the Referer; `/shop` for any other. */
function cameFrom (referer: string | undefined, host: string): string {
  if (referer === undefined || !URL.canParse(referer)) return '/shop'
  const { host: named, pathname, search } = new URL(referer)
  const path = pathname + search
  return named === host && PAGE.test(path) ? path : '/shop'
}

/**
 * All routes under /shop/account: the signed-in user, signing in and out. Private, and stored by no
 * cache.
 */
export const accountRoutes: FastifyPluginAsyncTypebox<{ shop: Shop }> = async (app, { shop }) => {
  const { DEMO_USERS, JWT_SECRET } = shop.env
  const hasDemoUsers = DEMO_USERS && JWT_SECRET !== undefined
  const config = { session: true } as const
  const form = { ...config, rateLimit: formLimit }
  const account = (page: Page, product: number | undefined, mistake = '', status = 200) => {
    const { user, headers, host } = page.reply.request
    const from = product === undefined
      ? cameFrom(headers.referer, host)
      : `/shop/products/${product}`
    return page.send(
      'account',
      { title: 'Account', user, product, hasDemoUsers, mistake, from },
      status
    )
  }

  app.get(
    '/shop/account',
    {
      schema: {
        tags: ['account'],
        summary: 'The signed-in user',
        querystring: CameFromSchema,
        response: html
      },
      config
    },
    async ({ query: { product } }, reply) => account(new Page(shop, reply, undefined), product)
  )

  app.get('/shop/account/box', {
    schema: {
      tags: ['account'],
      summary: 'The signed-in user, to be shown on a page that is the same for all clients',
      querystring: CameFromSchema,
      response: html
    },
    config
  }, async ({ user, query: { product } }, reply) =>
    reply.type('text/html; charset=utf-8').send(shop.render('parts/box', { user, product })))

  app.post(
    '/shop/account/sign-in',
    {
      schema: {
        tags: ['account'],
        summary: 'Sign in with a token',
        querystring: NoQuery,
        body: TokenForm,
        response: html
      },
      config: form
    },
    async (request, reply) => {
      const { token, product } = request.body
      const session = sessionBy(app, token.trim())
      if (session === undefined) {
        return account(
          new Page(shop, reply, undefined),
          product === undefined ? undefined : Number(product),
          'This token is not accepted: it may have expired, or belong to another suite.',
          400
        )
      }
      signIn(request, reply, session)
      const query = product === undefined ? '' : `?product=${product}`
      return reply.redirect(`/shop/account${query}`, 303)
    }
  )

  app.post(
    '/shop/account/demo',
    {
      schema: {
        tags: ['account'],
        summary: 'Sign in as a demo user',
        querystring: NoQuery,
        body: DemoForm,
        response: html
      },
      config: form
    },
    async (request, reply) => {
      if (!hasDemoUsers) throw new STOREFRONT_ERR_NO_DEMO_USERS()
      const { role, from = '' } = request.body
      const token = app.jwt.HS256.sign({ sub: `demo-${role}`, role }, { expiresIn: DEMO_LIFETIME })
      const session = sessionBy(app, token)
      if (session !== undefined) signIn(request, reply, session)
      return reply.redirect(PAGE.test(from) ? from : '/shop', 303)
    }
  )

  app.post('/shop/account/sign-out', {
    schema: { tags: ['account'], summary: 'Sign out', querystring: NoQuery, response: html },
    config: form
  }, async (request, reply) => {
    if (sessionOf(request) !== undefined || request.headers.cookie !== undefined) {
      signOut(request, reply)
    }
    return reply.redirect('/shop/account', 303)
  })
}
