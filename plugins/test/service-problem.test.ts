import createError from '@fastify/error'
import type { InjectOptions } from 'fastify'
import t from 'tap'
import { Type } from 'typebox'
import conditional from '../conditional/index.js'
import { expected, ProblemSchema, type Problem } from '../service/index.js'
import { buildService } from './support/service-app.js'

const Item = Type.Object(
  {
    name: Type.String({ minLength: 1 }),
    price: Type.Object(
      { amount: Type.Integer({ minimum: 0 }), currency: Type.Enum(['EUR', 'USD']) },
      { additionalProperties: false }
    ),
    note: Type.Optional(Type.Union([Type.String(), Type.Null()])),
    kind: Type.Optional(Type.Union([Type.Literal('a'), Type.Literal('b')]))
  },
  { additionalProperties: false }
)
const Query = Type.Object({
  limit: Type.Integer({ minimum: 1, maximum: 100, default: 20 }),
  tag: Type.Optional(Type.Array(Type.String()))
})

const Busy = createError('DEMO_ERR_BUSY', 'The till is busy: try again', 503)
const Conflict = createError('DEMO_ERR_CONFLICT', 'There is a %s already', 409)

async function build (t: Parameters<typeof buildService>[0]) {
  const built = await buildService(t)
  const { app } = built
  await app.register(conditional)
  app.post(
    '/items',
    { schema: { body: Item, response: { 200: Item, 400: ProblemSchema } }, bodyLimit: 1000 },
    async (request) => request.body
  )
  app.get('/items', { schema: { querystring: Query } }, async (request) => request.query)
  app.get(
    '/items/:id',
    { schema: { params: Type.Object({ id: Type.Integer() }) } },
    async (request) => request.params
  )
  app.get('/throws/plain', async () => { throw new Error('SELECT secret') })
  app.get('/throws/driver', async () => {
    throw Object.assign(new Error('locked'), { code: 'SQLITE_BUSY' })
  })
  app.get('/throws/named', async () => { throw new Busy() })
  app.get('/throws/conflict', async () => { throw new Conflict('name') })
  app.get('/throws/teapot', async (_request, reply) => {
    reply.code(418)
    throw new Error('')
  })
  app.get('/throws/status', async () => {
    throw Object.assign(new Error('pay first'), { status: 402, headers: { 'x-price': '5' } })
  })
  app.get('/throws/odd', async () => { throw Object.assign(new Error('odd'), { statusCode: 200 }) })
  // eslint-disable-next-line @typescript-eslint/only-throw-error
  app.get('/throws/text', async () => { throw 'text' })
  app.get('/hook', { preHandler: async () => { throw new Conflict('hook') } }, async () => 'never')
  app.get('/late', { onSend: async () => { throw new Conflict('onSend') } }, async () => 'never')
  app.put('/tagged', async (request) => { request.checkPreconditions({ etag: '"2"' }) })
  return built
}

const json = (payload: string): InjectOptions => ({
  method: 'POST',
  url: '/items',
  payload,
  headers: { 'content-type': 'application/json' }
})
const body = (payload: object): InjectOptions => json(JSON.stringify(payload))
const price = { amount: 5, currency: 'EUR' }

t.test('every error is a problem: status, code, and the remedy', async (t) => {
  const { app } = await build(t)
  const table: [InjectOptions, Partial<Problem> | Record<string, unknown>][] = [
    [
      { url: '/nowhere?token=1' },
      {
        status: 404,
        code: 'WEIR_ERR_ROUTE_NOT_FOUND',
        title: 'Not Found',
        instance: '/nowhere',
        detail: 'GET /nowhere does not exist: the OpenAPI description lists the routes'
      }
    ],
    [
      { method: 'DELETE', url: '/items' },
      {
        status: 405,
        code: 'WEIR_ERR_METHOD_NOT_ALLOWED',
        detail: 'DELETE /items is not supported: use GET, HEAD, POST, OPTIONS'
      }
    ],
    [json('{'), { status: 400, code: 'FST_ERR_CTP_INVALID_JSON_BODY' }],
    [json(''), { status: 400, code: 'FST_ERR_CTP_EMPTY_JSON_BODY' }],
    [json('{"__proto__":{"x":1}}'), { status: 400 }],
    [json(`{"name":"${'x'.repeat(1000)}"}`), { status: 413, code: 'FST_ERR_CTP_BODY_TOO_LARGE' }],
    [
      {
        method: 'POST',
        url: '/items',
        payload: '<a/>',
        headers: { 'content-type': 'application/xml' }
      },
      {
        status: 415,
        code: 'FST_ERR_CTP_INVALID_MEDIA_TYPE',
        detail:
          "A body of Content-Type 'application/xml' is not supported here: send JSON as application/json"
      }
    ],
    [
      { method: 'POST', url: '/items', payload: '{}', headers: {} },
      { status: 415, detail: 'The body has no Content-Type: send JSON as application/json' }
    ],
    [{ url: '/%zz' }, { status: 400, code: 'FST_ERR_BAD_URL' }],
    [{ url: `/items/${'1'.repeat(200)}` }, { status: 414, code: 'FST_ERR_MAX_PARAM_LENGTH' }],
    [
      { url: '/throws/conflict' },
      { status: 409, code: 'DEMO_ERR_CONFLICT', detail: 'There is a name already' }
    ],
    [{ url: '/hook' }, { status: 409, detail: 'There is a hook already' }],
    [{ url: '/throws/teapot' }, { status: 418, code: 'I_M_A_TEAPOT', detail: "I'm a Teapot" }],
    [{ url: '/throws/status' }, { status: 402, code: 'PAYMENT_REQUIRED', detail: 'pay first' }],
    [
      { method: 'PUT', url: '/tagged', headers: { 'if-match': '"1"' } },
      { status: 412, code: 'WEIR_ERR_PRECONDITION_FAILED' }
    ],
    [{ url: '/throws/plain' }, { status: 500, code: 'INTERNAL_SERVER_ERROR' }],
    [{ url: '/throws/driver' }, { status: 500, code: 'INTERNAL_SERVER_ERROR' }],
    [{ url: '/throws/named' }, { status: 503, code: 'DEMO_ERR_BUSY' }],
    [{ url: '/throws/odd' }, { status: 500 }],
    [{ url: '/throws/text' }, { status: 500 }]
  ]
  for (const [request, expected] of table) {
    const response = await app.inject(request)
    const problem = response.json<Problem>()
    t.match(problem, { type: 'about:blank', ...expected }, JSON.stringify(request).slice(0, 100))
    t.equal(response.statusCode, problem.status)
    t.equal(response.headers['content-type'], 'application/problem+json')
    t.equal(response.headers['x-request-id'], problem.requestId)
    t.equal(response.headers.etag, undefined)
    if (problem.status >= 500) {
      t.match(
        problem.detail,
        problem.code === 'DEMO_ERR_BUSY' ? 'The till is busy: try again' : /its log has the reason/
      )
    }
  }
  t.equal((await app.inject('/throws/status')).headers['x-price'], '5')
  const late = await app.inject('/late')
  t.equal(
    late.statusCode,
    409,
    'an error caused by every response of a route is still answered'
  )
})

t.test('validation names the field', async (t) => {
  const { app } = await build(t)
  const table: [InjectOptions, Problem['errors']][] = [
    [{ url: '/items?limit=101' }, [{ field: 'limit', message: 'must be <= 100' }]],
    [{ url: '/items?limit=' }, [{ field: 'limit', message: 'must be integer' }]],
    [{ url: '/items?limit=1&limit=2' }, [{ field: 'limit', message: 'must be integer' }]],
    [{ url: '/items/x' }, [{ field: 'id', message: 'must be integer' }]],
    [body({ price }), [{ field: 'name', message: 'is required' }]],
    [
      body({ name: 'a', price: { ...price, amount: -1 } }),
      [{ field: 'price.amount', message: 'must be >= 0' }]
    ],
    [
      body({ name: 'a', price: { ...price, amount: '5' } }),
      [{ field: 'price.amount', message: 'must be integer' }]
    ],
    [
      body({ name: 'a', price: { ...price, amount: null } }),
      [{ field: 'price.amount', message: 'must be integer' }]
    ],
    [body({ name: null, price }), [{ field: 'name', message: 'must be string' }]],
    [body({ name: ['a'], price }), [{ field: 'name', message: 'must be string' }]],
    [
      body({ name: 'a', price: { ...price, currency: 'DM' } }),
      [{ field: 'price.currency', message: 'must be one of "EUR", "USD"' }]
    ],
    [
      body({ name: 'a', price: { ...price, vat: 1 } }),
      [{ field: 'price.vat', message: 'is not known here' }]
    ],
    [
      body({ name: 'a', price, color: 'red' }),
      [{ field: 'color', message: 'is not known here' }]
    ],
    [
      body({ name: 'a', price, note: 1 }),
      [{ field: 'note', message: 'must be string or must be null' }]
    ],
    [
      body({ name: 'a', price, kind: 'c' }),
      [{ field: 'kind', message: 'must be one of "a", "b"' }]
    ],
    [body([]), [{ field: 'body', message: 'must be object' }]]
  ]
  for (const [request, errors] of table) {
    const response = await app.inject(request)
    t.equal(response.statusCode, 400)
    t.match(response.json(), {
      code: 'FST_ERR_VALIDATION',
      errors,
      detail: errors?.map(({ field, message }) => `${field} ${message}`).join()
    })
  }
})

t.test(
  'valid input: a query is text and is coerced and defaulted, a body is taken unchanged',
  async (t) => {
    const { app } = await build(t)
    t.strictSame((await app.inject('/items?tag=a')).json(), { limit: 20, tag: ['a'] })
    t.strictSame((await app.inject('/items?limit=5&tag=a&tag=b')).json(), {
      limit: 5,
      tag: ['a', 'b']
    })
    t.strictSame((await app.inject(body({ name: 'a', price, note: null }))).json(), {
      name: 'a',
      price,
      note: null
    })
  }
)

t.test('a server error is in the log, with the id that the client got', async (t) => {
  const { app, lines } = await build(t)
  const response = await app.inject({
    url: '/throws/plain',
    headers: { 'x-request-id': 'abc.1-2_3' }
  })
  t.equal(response.json<Problem>().requestId, 'abc.1-2_3')
  t.notMatch(response.body, /SELECT/)
  t.match(lines, [
    { level: 50, reqId: 'abc.1-2_3', msg: 'request failed', err: { message: 'SELECT secret' } },
    { level: 30, reqId: 'abc.1-2_3', msg: 'response', res: { statusCode: 500 } }
  ])
})

t.test('an expected refusal is one line of its level, without a stack', async (t) => {
  const { app, lines } = await buildService(t)
  const levels = { info: 30, warn: 40 } as const
  for (const level of ['info', 'warn'] as const) {
    const Refused = expected(
      level,
      createError(`DEMO_ERR_${level.toUpperCase()}`, 'Not now', 503, Error, false)
    )
    app.get(`/${level}`, async () => {
      throw Object.assign(new Refused(), { headers: { 'retry-after': '1' } })
    })
  }
  const Asked = expected('info', createError('DEMO_ERR_ASKED', 'Ask otherwise', 409, Error, false))
  app.get('/asked', async () => { throw new Asked() })
  for (const level of ['info', 'warn'] as const) {
    lines.length = 0
    const answer = await app.inject(`/${level}`)
    t.match(answer.json(), {
      status: 503,
      code: `DEMO_ERR_${level.toUpperCase()}`,
      detail: 'Not now'
    })
    t.equal(answer.headers['retry-after'], '1')
    t.match(lines, [
      { level: levels[level], code: `DEMO_ERR_${level.toUpperCase()}`, msg: 'refused: Not now' },
      { msg: 'response' }
    ])
    t.notMatch(JSON.stringify(lines), /stack|\\n\s+at /)
  }
  lines.length = 0
  await app.inject('/asked')
  t.match(
    lines,
    [{ level: 30, msg: 'response' }],
    'a client error needs no more than any other'
  )
  t.equal(lines.length, 1)
})

t.test('security headers, CORS and the request id are on errors too', async (t) => {
  const { app } = await build(t)
  for (const url of ['/items', '/nowhere', '/throws/plain', '/items?limit=0']) {
    const { headers } = await app.inject({ url, headers: { origin: 'https://shop.example' } })
    t.match(headers, {
      'x-content-type-options': 'nosniff',
      'content-security-policy': 'default-src \'none\';frame-ancestors \'none\'',
      'access-control-allow-origin': '*',
      'x-request-id': /^[\da-f-]{36}$/
    }, url)
    t.equal(headers['vary'], undefined, 'the response is the same for every origin')
  }
  const preflight = await app.inject({
    method: 'OPTIONS',
    url: '/items',
    headers: { origin: 'https://shop.example', 'access-control-request-method': 'PATCH' }
  })
  t.equal(preflight.statusCode, 204)
  t.match(preflight.headers['access-control-allow-methods'], /PATCH/)
})
