import { type FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import {
  STOREFRONT_ERR_NO_CATEGORY,
  STOREFRONT_ERR_NO_PAGE,
  STOREFRONT_ERR_PRICE_RANGE
} from '../errors.js'
import { Trace } from '../debug/trace.js'
import { tags } from '../tags.js'
import { isSaved } from '../upstream/catalog.js'
import { type Category } from '../upstream/schemas.js'
import { isDebugged } from './debugging.js'
import { Page } from './page.js'
import { categoriesPart, current, mostViewedPart, placeOf } from './parts.js'
import { html, LAST_PAGE, type ListQuery, ListQuerySchema, SORTS } from './schemas.js'
import { type Shop } from './shop.js'

const PER_PAGE = 24

/**
 * GET /shop: products by page, category, words and price. The page is the same for all clients, and
 * cached as a whole.
 */
export const listRoute: FastifyPluginAsyncTypebox<{ shop: Shop }> = async (app, { shop }) => {
  app.get('/shop', {
    schema: { tags: ['pages'], summary: 'Products', querystring: ListQuerySchema, response: html },
    config: {
      cache: {
        public: true,
        ttl: '1m',
        staleWhileRevalidate: '30s',
        staleIfError: '10m',
        tags: [tags.everything, tags.productLists, tags.categoryList],
        unless: isDebugged,
        onlyIf: ({ isWhole }) => isWhole
      },
      cacheControl: { public: true, noCache: true },
      rateLimit: { cost: 2 }
    },
    // Runs before defaults are filled in: an empty field, a missing one and any other `debug` are
    // the same page, with one cache entry.
    preValidation (request, _reply, done) {
      const sent = Object.entries(request.query).filter(
        ([name, value]) => value !== '' && (name !== 'debug' || request.isDebugged)
      )
      Object.assign(request, { query: Object.fromEntries(sent) })
      done()
    }
  }, async (request, reply) => {
    const trace = request.isDebugged ? new Trace(shop.env) : undefined
    const page = new Page(shop, reply, trace)
    const make = () => list(page, request.query)
    return trace === undefined ? make() : trace.run(make)
  })
}

async function list (page: Page, query: ListQuery) {
  const { minPrice, maxPrice } = query
  if (minPrice !== '' && maxPrice !== '' && Number(minPrice) > Number(maxPrice)) {
    throw new STOREFRONT_ERR_PRICE_RANGE()
  }
  const told = await page.shop.catalog.categories()
  if (isSaved(told)) page.silent('catalog')
  const category = told.body.find(({ slug }) => slug === query.category)
  if (query.category !== '' && category === undefined) {
    throw new STOREFRONT_ERR_NO_CATEGORY(query.category)
  }
  const [products, categories, mostViewed] = await Promise.all([
    productsPart(page, query), categoriesPart(page, query.category), mostViewedPart(page)
  ])
  const title = titleOf(query, category)
  return page.send('list', {
    title,
    category,
    search: query,
    sorts: Object.entries(SORTS),
    products,
    categories,
    mostViewed
  })
}

/** Returns the products of the page. The key contains the complete query in normal form. */
function productsPart (page: Page, query: ListQuery): Promise<string> {
  const { shop: { catalog, render } } = page
  const { page: number, minPrice, maxPrice, ...filter } = query
  const key = `list:${searchOf(query, number).toString()}`
  return page.part({ key, title: 'Products', isEssential: true }, {
    ttl: '1m',
    staleWhileRevalidate: '30s',
    staleIfError: '6h',
    tags: [tags.everything, tags.productLists, tags.categoryList]
  }, async () => {
    const [categories, found] = await Promise.all([
      catalog.categories(),
      catalog.products({
        ...filter,
        minPrice: cents(minPrice),
        maxPrice: cents(maxPrice),
        page: number,
        limit: PER_PAGE
      })
    ])
    const { items, total = items.length, pages = 1 } = found
    if (items.length === 0 && number > 1) throw new STOREFRONT_ERR_NO_PAGE(number)
    const products = items.map((product) => ({
      ...product,
      icon: placeOf(product, current(categories)).icon
    }))
    const last = Math.min(pages, LAST_PAGE)
    return render('parts/list', {
      products,
      total,
      number,
      pages: pagesAround(number, last),
      last,
      reachable: last * PER_PAGE,
      linkTo: linkTo(query)
    })
  })
}

const cents = (euros: string): number | undefined =>
  euros === '' ? undefined : Math.round(Number(euros) * 100)

/** Returns the link to another page of the same list. */
const linkTo = (query: ListQuery) => (page: number): string => {
  const search = searchOf(query, page)
  return search.size === 0 ? '/shop' : `/shop?${search.toString()}`
}

/** Renders a page of a list as a query in normal form: in this order, and without defaults. */
function searchOf (
  { category, q, minPrice, maxPrice, sort }: ListQuery,
  page: number
): URLSearchParams {
  const given = {
    category,
    q,
    minPrice,
    maxPrice,
    sort: sort === 'newest' ? '' : sort,
    page: page === 1 ? '' : String(page)
  }
  const search = new URLSearchParams()
  for (const [name, value] of Object.entries(given)) if (value !== '') search.set(name, value)
  return search
}

/** Returns the first and the last page, and those around the current one; 0 for a gap. */
function pagesAround (number: number, last: number): number[] {
  const shown = [1, number - 1, number, number + 1, last].filter(
    (page) => page >= 1 && page <= last
  )
  return [...new Set(shown)]
    .sort((a, b) => a - b)
    .flatMap((page, i, all) => (page - (all[i - 1] ?? 0) > 1 ? [0, page] : [page]))
}

function titleOf ({ q, page }: ListQuery, category: Category | undefined): string {
  const what = category?.name ?? 'All products'
  const found =
    q.trim() === '' ? what : `“${q.trim()}” in ${category === undefined ? 'all products' : what}`
  return page === 1 ? found : `${found}, page ${page}`
}
