import createError from '@fastify/error'
import { expected } from '@weir/fastify/service'

// All errors that the catalog raises by name. Each message includes the remedy; callers fill in %s.

/** No product has this id. */
export const CATALOG_ERR_PRODUCT_NOT_FOUND = createError<
  'CATALOG_ERR_PRODUCT_NOT_FOUND',
  404,
  [id: number]
>('CATALOG_ERR_PRODUCT_NOT_FOUND', 'There is no product with the id %s', 404)

/** No category has this slug. */
export const CATALOG_ERR_CATEGORY_NOT_FOUND = createError<
  'CATALOG_ERR_CATEGORY_NOT_FOUND',
  404,
  [slug: string]
>(
  'CATALOG_ERR_CATEGORY_NOT_FOUND',
  'There is no category with the slug "%s": GET /api/categories lists them',
  404
)

/** A category cannot be deleted while it has products. */
export const CATALOG_ERR_CATEGORY_IN_USE = createError<
  'CATALOG_ERR_CATEGORY_IN_USE',
  409,
  [slug: string, products: number]
>(
  'CATALOG_ERR_CATEGORY_IN_USE',
  'The category "%s" still has products (%s): move or delete them first',
  409
)

/** Another process, for example an import, has held the database for longer than a write waits. */
export const CATALOG_ERR_BUSY = createError<'CATALOG_ERR_BUSY', 503, [options: { cause: unknown }]>(
  'CATALOG_ERR_BUSY', 'Another process is writing to the catalog: try again in a moment', 503)

const Unavailable = createError<
  'CATALOG_ERR_DATABASE_UNAVAILABLE',
  503,
  [options: { cause: unknown }]
>(
  'CATALOG_ERR_DATABASE_UNAVAILABLE',
  'The database of the catalog does not answer: try again in a moment',
  503
)

/** Error for a Postgres that cannot be reached, for example during a failover. */
export const databaseUnavailable = (cause: unknown) => inASecond(new Unavailable({ cause }))

const Comparing = expected(
  'info',
  createError(
    'CATALOG_ERR_COMPARING',
    'This instance is already running a comparison: try again in a second',
    503,
    Error,
    false
  )
)
const ComparingAlready = expected(
  'info',
  createError(
    'CATALOG_ERR_COMPARING_ALREADY',
    'You are already running a comparison: wait for it to end, or cancel it, and try again',
    409,
    Error,
    false
  )
)
const Incomparable = expected(
  'warn',
  createError<'CATALOG_ERR_INCOMPARABLE', 503, [source: string]>(
    'CATALOG_ERR_INCOMPARABLE',
    'No response came from the %s, so there is nothing to compare: try again in a second',
    503,
    Error,
    false
  )
)

/** Error for a second comparison of the same client, on any instance. */
export const comparingAlready = () => inASecond(new ComparingAlready())

/** Error for a second comparison on the same instance. */
export const comparing = () => inASecond(new Comparing())

/**
 * Error for a source without responses: the cache is unavailable, or writes are constantly
 * invalidating the page.
 */
export const incomparable = (source: string) => inASecond(new Incomparable(source))

/** Error for a page that is never cached and therefore cannot be compared. */
export const noSuchPage = (status?: number) =>
  blame(
    'CATALOG_ERR_NO_SUCH_PAGE',
    400,
    'path',
    `is not a cached page${status === undefined ? '' : `: it is answered ${status}`}. Give one like /api/products?limit=20`
  )

/** Error for a filter or a product with an unknown category. */
export const unknownCategory = (field: 'category' | 'categoryId', value: string | number) =>
  blame(
    'CATALOG_ERR_UNKNOWN_CATEGORY',
    400,
    field,
    `is not a category (${JSON.stringify(value)}): GET /api/categories lists them`
  )

/** Error for a page beyond the deepest one. */
export const pageTooDeep = (deepest: number) =>
  blame(
    'CATALOG_ERR_PAGE_TOO_DEEP',
    400,
    'page',
    `times limit must not exceed ${deepest}: narrow the list by category, q or price, or ` +
    'continue with after instead'
  )

/** Error for an invalid cursor. */
export const badCursor = () =>
  blame(
    'CATALOG_ERR_BAD_CURSOR',
    400,
    'after',
    'is not a cursor: give the "next" of the previous page unchanged, or omit it for the first page'
  )

/** Error for a cursor of a list with a different order or different filters. */
export const foreignCursor = () =>
  blame(
    'CATALOG_ERR_FOREIGN_CURSOR',
    400,
    'after',
    'belongs to another list: repeat its sort, category, q, minPrice and maxPrice, or omit it'
  )

/** Error for a page that is given by both number and cursor. */
export const pageAndCursor = () =>
  blame('CATALOG_ERR_PAGE_AND_AFTER', 400, 'after', 'and page select two pages: give one of them')

/** Error for an empty price range. */
export const priceRangeReversed = () =>
  blame('CATALOG_ERR_PRICE_RANGE', 400, 'minPrice', 'must not be greater than maxPrice')

/** Error for a sku that belongs to another product. */
export const skuTaken = (sku: string, owner: number) =>
  blame(
    'CATALOG_ERR_SKU_TAKEN',
    409,
    'sku',
    `${JSON.stringify(sku)} belongs to product ${owner}: choose another, or change that product`
  )

/** Error for a slug that belongs to another category. */
export const slugTaken = (slug: string) =>
  blame(
    'CATALOG_ERR_SLUG_TAKEN',
    409,
    'slug',
    `${JSON.stringify(slug)} belongs to another category: choose another`
  )

/**
 * Creates an error about one field in the form of a schema violation: the problem document names
 * the field.
 */
function blame (code: string, status: number, field: string, message: string) {
  const FieldError = createError<[text: string]>(code, '%s', status)
  return Object.assign(new FieldError(`${field} ${message}`), {
    validation: [{ keyword: 'catalog', instancePath: `/${field}`, params: {}, message }]
  })
}

const inASecond = (error: Error) => Object.assign(error, { headers: { 'retry-after': '1' } })
