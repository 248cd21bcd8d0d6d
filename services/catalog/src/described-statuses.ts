import { STATUS_CODES } from 'node:http'
import { ProblemSchema, type ServiceOptions } from '@weir/fastify/service'

/**
 * Statuses of every route: refused credentials, a refused address or role, a limit, and an
 * overloaded instance.
 */
const ALWAYS = [401, 403, 429, 503]
/**
 * Statuses of a route that is cached, besides: parts, conditions, and `only-if-cached` for what is
 * not.
 */
const CACHED = [206, 304, 412, 416, 504, ...ALWAYS]
/** Statuses of a route with a body, besides. */
const WITH_BODY = [400, 413, 415, ...ALWAYS]

/**
 * The statuses of each route besides that of its success. README.md has the same table, and a test
 * asks for each of them.
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
  206: 'Part of it, as Range asks for',
  304: 'The client has it already',
  401: 'No credentials, or none that are accepted',
  403: 'Not with this role, or not from this address',
  409: 'In conflict with something that is there',
  412: 'A precondition does not hold',
  413: 'The body is larger than 1 MiB',
  415: 'The body is of another type',
  429: 'A limit is used up; Retry-After says until when',
  503: 'Overloaded or busy; Retry-After says until when',
  504: 'Not stored, and the client wants nothing else (only-if-cached)'
}

/** Describes the statuses of a route one by one, in place of 4XX and 5XX. */
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
