import createError from '@fastify/error'
import { expected } from '@weir/fastify/service'

// All errors that the storefront raises by name. Each message includes the remedy; callers fill in
// %s.

const Silent = expected(
  'warn',
  createError<'STOREFRONT_ERR_SILENT', 503, [service: string, options: { cause: unknown }]>(
    'STOREFRONT_ERR_SILENT',
    'The %s does not answer, and no copy of this page is cached: try again in a few seconds',
    503,
    Error,
    false
  )
)

/** A required service did not answer, or sent an invalid response. */
export class UpstreamSilent extends Silent {
  readonly headers = { 'retry-after': '5' }

  constructor (readonly service: string, cause: unknown) {
    super(service, { cause })
  }
}

const Unavailable = createError<
  'STOREFRONT_ERR_DATABASE_UNAVAILABLE',
  503,
  [options: { cause: unknown }]
>(
  'STOREFRONT_ERR_DATABASE_UNAVAILABLE',
  'The database of the storefront does not answer: try again in a moment',
  503
)

/** Creates the error of a Postgres that cannot be reached, for example during a failover. */
export const databaseUnavailable = (cause: unknown) =>
  Object.assign(new Unavailable({ cause }), { headers: { 'retry-after': '1' } })

/** The catalog refuses a visitor's request; the message is the catalog's. */
export const STOREFRONT_ERR_REFUSED = createError<'STOREFRONT_ERR_REFUSED', 400, [detail: string]>(
  'STOREFRONT_ERR_REFUSED', 'The list cannot be shown: %s', 400)

/** The lowest price of a search is above the highest. */
export const STOREFRONT_ERR_PRICE_RANGE = createError('STOREFRONT_ERR_PRICE_RANGE',
  'The lowest price is above the highest one: swap them, or omit one', 400)

/** The other service does not accept the storefront's own token. */
export const STOREFRONT_ERR_UNTRUSTED = expected(
  'warn',
  createError<'STOREFRONT_ERR_UNTRUSTED', 503, [service: string]>(
    'STOREFRONT_ERR_UNTRUSTED',
    'The %s refuses the token of the storefront: give both the same JWT_SECRET',
    503,
    Error,
    false
  )
)

/** No product has this id. */
export const STOREFRONT_ERR_NO_PRODUCT = createError<
  'STOREFRONT_ERR_NO_PRODUCT',
  404,
  [id: number]
>(
  'STOREFRONT_ERR_NO_PRODUCT',
  'There is no product %s: it may have been sold out and removed',
  404
)

/** No category has this slug. */
export const STOREFRONT_ERR_NO_CATEGORY = createError<
  'STOREFRONT_ERR_NO_CATEGORY',
  404,
  [slug: string]
>('STOREFRONT_ERR_NO_CATEGORY', 'There is no category "%s": choose one from the list', 404)

/** The list has fewer pages. */
export const STOREFRONT_ERR_NO_PAGE = createError<'STOREFRONT_ERR_NO_PAGE', 404, [page: number]>(
  'STOREFRONT_ERR_NO_PAGE', 'There is no page %s: this list is shorter', 404)

/** A POST without Origin or Sec-Fetch-Site. */
export const STOREFRONT_ERR_NO_SOURCE = createError<
  'STOREFRONT_ERR_NO_SOURCE',
  403,
  [origin: string]
>(
  'STOREFRONT_ERR_NO_SOURCE',
  'This form does not declare which site it comes from: send it with the header Origin: %s',
  403
)

/** A POST that comes from another site. */
export const STOREFRONT_ERR_FOREIGN_POST = createError('STOREFRONT_ERR_FOREIGN_POST',
  'This form was sent from another site: go to this site and send it from there', 403)

/** The demo users are disabled. */
export const STOREFRONT_ERR_NO_DEMO_USERS = createError('STOREFRONT_ERR_NO_DEMO_USERS',
  'There are no demo users here: sign in with a token', 404)

const Busy = expected(
  'info',
  createError<'STOREFRONT_ERR_LAB_BUSY', 503, [most: number]>(
    'STOREFRONT_ERR_LAB_BUSY',
    'The lab of this instance has %s computations running or waiting, and accepts no more: try ' +
    'again in a second',
    503,
    Error,
    false
  )
)

/** Error for an instance whose lab is fully occupied. */
export const labBusy = (most: number) =>
  Object.assign(new Busy(most), { headers: { 'retry-after': '1' } })

const NotForgotten = expected(
  'warn',
  createError<'STOREFRONT_ERR_LAB_NOT_FORGOTTEN', 503, [options: { cause: unknown }]>(
    'STOREFRONT_ERR_LAB_NOT_FORGOTTEN',
    'The shared store does not answer, so it may still have results of the lab: try again in a few seconds',
    503,
    Error,
    false
  )
)

/** Error for a shared store that did not answer when the lab had to forget its results. */
export const labNotForgotten = (cause: unknown) =>
  Object.assign(new NotForgotten({ cause }), { headers: { 'retry-after': '5' } })

/** The lab's thread ended or did not respond; another one replaces it. */
export const STOREFRONT_ERR_LAB_FAILED = expected(
  'warn',
  createError<'STOREFRONT_ERR_LAB_FAILED', 503, [options: { cause: unknown }]>(
    'STOREFRONT_ERR_LAB_FAILED',
    'The lab could not compute this: try again in a second',
    503,
    Error,
    false
  )
)
