import { STATUS_CODES } from 'node:http'
import { ProblemSchema, type ServiceOptions } from '@weir/fastify/service'

/**
 * Statuses of every route: refused credentials, a refused address or role, a limit, and an
 * overloaded instance.
 */
const ALWAYS = [401, 403, 429, 503]
/** Additional statuses of a cached route: parts, conditions, and a failed `only-if-cached`. */
const CACHED = [206, 304, 412, 416, 504, ...ALWAYS]
/** Additional statuses of a route with a body. */
const WITH_BODY = [400, 413, 415, ...ALWAYS]

/**
 * Statuses of each route besides success. README.md has the same table, and a test requests each of
 * them.
 */
const STATUSES: Readonly<Record<string, readonly number[]>> = {
  'GET /api/products': [400, ...CACHED],
  'POST /api/products': [409, ...WITH_BODY],
  'GET /api/products/:id': [400, 404, ...CACHED],
  'PUT /api/products/:id': [404, 409, 412, ...WITH_BODY],
  'PATCH /api/products/:id': [404, 409, 412, ...WITH_BODY],
  'DELETE /api/products/:id': [400, 404, 412, ...ALWAYS],
  'GET /api/categories': CACHED,
  'POST /api/categories': [409, ...WITH_BODY],
  'GET /api/categories/:slug': [400, 404, ...CACHED],
  'PUT /api/categories/:slug': [404, 409, 412, ...WITH_BODY],
  'DELETE /api/categories/:slug': [400, 404, 409, 412, ...ALWAYS],
  'GET /api/catalog/compare': [400, 409, ...ALWAYS],
  'POST /api/catalog/cache/invalidations': WITH_BODY,
  'GET /api/catalog/cache/entries': [400, ...ALWAYS],
  'GET /api/catalog/cache/stats': ALWAYS
}

const MEANINGS: Readonly<Record<number, string>> = {
  206: 'The part requested by Range',
  304: 'The client has the current version',
  401: 'No credentials, or invalid ones',
  403: 'The role or the address is not allowed',
  409: 'Conflict with existing data',
  412: 'A precondition failed',
  413: 'The body is larger than 1 MiB',
  415: 'The type of the body is not supported',
  429: 'A limit is used up; retry after Retry-After',
  503: 'Overloaded or busy; retry after Retry-After',
  504: 'Not stored, and the client accepts only a stored response (only-if-cached)'
}

/** Describes the statuses of a route individually, in place of 4XX and 5XX. */
export const describeStatuses: NonNullable<ServiceOptions['transform']> = ({
  schema,
  url,
  route
}) => {
  const statuses = STATUSES[`${[route.method].flat().join()} ${url}`]
  if (statuses === undefined) return { schema, url }
  const { '4xx': _, '5xx': __, ...success } = Object(schema.response) as Record<string, unknown>
  const described = statuses.map(
    (status) =>
      [
        status,
        {
          description: MEANINGS[status] ?? STATUS_CODES[status] ?? 'An error',
          ...(status >= 400
            ? { content: { 'application/problem+json': { schema: ProblemSchema } } }
            : { type: 'null' })
        }
      ] as const
  )
  return { schema: { ...schema, response: { ...success, ...Object.fromEntries(described) } }, url }
}
