import { type FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { NoQuery } from '@weir/fastify/service'
import { Trace } from '../debug/trace.js'
import { STOREFRONT_ERR_NO_PRODUCT } from '../errors.js'
import { isSaved } from '../upstream/catalog.js'
import { Page } from './page.js'
import {
  categoriesPart,
  mostViewedPart,
  productPart,
  recommendationsPart,
  weatherPart
} from './parts.js'
import { html, ProductId } from './schemas.js'
import { type Shop } from './shop.js'

/**
 * GET /shop/products/:id: a product page, assembled from five fragments for each request. Its ETag
 * is derived from its content, so that a browser that has it gets a 304. Each page view counts,
 * including 304s, but not prefetches.
 */
export const detailRoute: FastifyPluginAsyncTypebox<{ shop: Shop }> = async (app, { shop }) => {
  app.get(
    '/shop/products/:id',
    {
      schema: {
        tags: ['pages'],
        summary: 'A product',
        params: ProductId,
        querystring: NoQuery,
        response: html
      },
      config: { cacheControl: { public: true, noCache: true } },
      onResponse (request, reply, done) {
        const purpose = String(request.headers['sec-purpose'] ?? '')
        const isSeen = reply.statusCode === 200 || reply.statusCode === 304
        if (isSeen && request.method === 'GET' && !/prefetch/i.test(purpose)) {
          shop.views.count(request.params.id)
        }
        done()
      }
    },
    async (request, reply) => {
      const trace = request.isDebugged ? new Trace(shop.env) : undefined
      const page = new Page(shop, reply, trace)
      const make = () => detail(page, request.params.id)
      return trace === undefined ? make() : trace.run(make)
    }
  )
}

async function detail (page: Page, id: number) {
  const told = await page.shop.catalog.product(id)
  if (told === undefined) throw new STOREFRONT_ERR_NO_PRODUCT(id)
  if (isSaved(told)) page.silent('catalog')
  const product = told.body
  // A 304 by Last-Modified alone would hide changes within the second; `conditional` omits the
  // field until then.
  const changed = new Date(product.updatedAt)
  // The time of change of the other parts is unknown without fragments.
  if (page.shop.env.CACHE === 'on' && !Number.isNaN(changed.getTime())) {
    page.reply.header('last-modified', changed.toUTCString())
  }
  const [body, categories, recommendations, weather, mostViewed] = await Promise.all([
    productPart(page, product),
    categoriesPart(page, ''),
    recommendationsPart(page, product),
    weatherPart(page),
    mostViewedPart(page)
  ])
  return page.send('detail', {
    title: product.name,
    product: body,
    categories,
    recommendations,
    weather,
    mostViewed,
    box: `/shop/account/box?product=${id}`,
    account: `/shop/account?product=${id}`
  })
}
