import createError from '@fastify/error'
import { expected } from '@weir/fastify/service'

// Every error that the catalog raises by name. The message says what to do; %s are filled in by the
// caller.

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

/** Another process, an import for one, has held the database for longer than a write waits. */
export const CATALOG_ERR_BUSY = createError<'CATALOG_ERR_BUSY', 503, [options: { cause: unknown }]>(
  'CATALOG_ERR_BUSY', 'The catalog is being written by somebody else: try again in a moment', 503)

const Comparing = expected(
  'info',
  createError(
    'CATALOG_ERR_COMPARING',
    'This instance is comparing already: try again in a second',
    503,
    Error,
    false
  )
)
const ComparingAlready = expected(
  'info',
  createError(
    'CATALOG_ERR_COMPARING_ALREADY',
    'You are comparing already: wait for that comparison to end, or end it, and try again',
    409,
    Error,
    false
  )
)
const Incomparable = expected(
  'warn',
  createError<'CATALOG_ERR_INCOMPARABLE', 503, [source: string]>(
    'CATALOG_ERR_INCOMPARABLE',
    'No answer came from the %s, so there is nothing to compare: try again in a second',
    503,
    Error,
    false
  )
)

/** A client has one comparison at a time, on whichever instance. */
export const comparingAlready = () => inASecond(new ComparingAlready())

/** An instance makes one comparison at a time. */
export const comparing = () => inASecond(new Comparing())

/** The cache is not there, or somebody else writes all the time. */
export const incomparable = (source: string) => inASecond(new Incomparable(source))

/** Only what the cache keeps can be compared. */
export const noSuchPage = (status?: number) =>
  blame(
    'CATALOG_ERR_NO_SUCH_PAGE',
    400,
    'path',
    `names no page that is cached${status === undefined ? '' : `: it is answered ${status}`}. Give one like /api/products?limit=20`
  )

/** A filter or a product names a category that does not exist. */
export const unknownCategory = (field: 'category' | 'categoryId', value: string | number) =>
  blame(
    'CATALOG_ERR_UNKNOWN_CATEGORY',
    400,
    field,
    `names no category (${JSON.stringify(value)}): GET /api/categories lists them`
  )

/** Deep pages are not served. */
export const pageTooDeep = (deepest: number) =>
  blame(
    'CATALOG_ERR_PAGE_TOO_DEEP',
    400,
    'page',
    `times limit must not exceed ${deepest}: narrow the list by category, q or price, or go on with after instead`
  )

/** A cursor that no list has given. */
export const badCursor = () =>
  blame(
    'CATALOG_ERR_BAD_CURSOR',
    400,
    'after',
    'is no cursor: give the "next" of the page before as it is, or leave it out for the first page'
  )

/** A cursor of a list with another order or other filters. */
export const foreignCursor = () =>
  blame(
    'CATALOG_ERR_FOREIGN_CURSOR',
    400,
    'after',
    'is of another list: repeat the sort, category, q, minPrice and maxPrice that it came with, or leave it out'
  )

/** A page is named by its number or by a cursor. */
export const pageAndCursor = () =>
  blame('CATALOG_ERR_PAGE_AND_AFTER', 400, 'after', 'and page name two pages: give one of them')

/** No price is in the range. */
export const priceRangeReversed = () =>
  blame('CATALOG_ERR_PRICE_RANGE', 400, 'minPrice', 'must not be greater than maxPrice')

/** A sku belongs to one product. */
export const skuTaken = (sku: string, owner: number) =>
  blame(
    'CATALOG_ERR_SKU_TAKEN',
    409,
    'sku',
    `${JSON.stringify(sku)} belongs to product ${owner}: choose another, or change that product`
  )

/** A slug belongs to one category. */
export const slugTaken = (slug: string) =>
  blame(
    'CATALOG_ERR_SLUG_TAKEN',
    409,
    'slug',
    `${JSON.stringify(slug)} belongs to another category: choose another`
  )

/**
 * An error about one field, told as a schema's violations are: the problem document names the
 * field.
 */
function blame (code: string, status: number, field: string, message: string) {
  const FieldError = createError<[text: string]>(code, '%s', status)
  return Object.assign(new FieldError(`${field} ${message}`), {
    validation: [{ keyword: 'catalog', instancePath: `/${field}`, params: {}, message }]
  })
}

const inASecond = (error: Error) => Object.assign(error, { headers: { 'retry-after': '1' } })
