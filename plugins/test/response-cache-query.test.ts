import { fastify, type FastifyInstance } from 'fastify'
import t from 'tap'
import { memoryStore } from '@weir/cache/memory'
import responseCache from '../response-cache/index.js'

/* A request gets the response for its own query, for any query schema. */

const text = { type: 'string' } as const
const NAMES = [
  'page',
  'q',
  'filter.a',
  'length',
  'constructor',
  'toString',
  '__proto__',
  'x'
] as const
const VALUES = [
  '1',
  '2',
  '01',
  '1.0',
  'true',
  'shoes',
  '',
  'null',
  '"1"',
  '["1","2"]',
  '{}',
  'ä',
  'a&b',
  '%'
] as const

const SCHEMAS: Readonly<Record<string, object | undefined>> = {
  'no schema': undefined,
  patternProperties: {
    type: 'object',
    properties: { page: text },
    patternProperties: { '^q$|^filter': text },
    additionalProperties: false
  },
  'additionalProperties with a schema': {
    type: 'object',
    properties: { page: text },
    additionalProperties: text
  },
  'additionalProperties: true': {
    type: 'object',
    properties: { page: text },
    additionalProperties: true
  },
  allOf: { type: 'object', properties: { page: text }, allOf: [{ properties: { q: text } }] },
  anyOf: {
    type: 'object',
    properties: { page: text },
    anyOf: [{ properties: { q: text } }, { properties: { length: text } }]
  },
  'if then': {
    type: 'object',
    properties: { page: text },
    if: { properties: { page: { const: '1' } } },
    then: { properties: { q: text } }
  },
  untyped: { type: 'object', patternProperties: { '': {} } },
  unions: {
    type: 'object',
    additionalProperties: {
      anyOf: [{ const: '1' }, { type: 'number' }, { type: 'boolean' }, { type: 'string' }]
    }
  },
  arrays: { type: 'object', additionalProperties: { type: 'array', items: text } },
  numbers: {
    type: 'object',
    properties: { page: { type: 'number' }, q: { type: 'integer', default: 1 } },
    additionalProperties: false
  },
  'names of prototypes': {
    type: 'object',
    properties: { length: text, constructor: text, toString: text },
    additionalProperties: false
  }
}

function numbers (seed: number): (most: number) => number {
  let state = seed
  return (most) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor(state / 2 ** 32 * most)
  }
}

function routes (app: FastifyInstance): void {
  for (const [i, schema] of Object.values(SCHEMAS).entries()) {
    app.get(
      `/${i}`,
      { ...(schema && { schema: { querystring: schema } }), config: { cache: { ttl: '1m' } } },
      async ({ query }) => JSON.stringify(Object.entries(query as object).sort())
    )
    app.get(
      `/own/${i}`,
      {
        ...(schema && { schema: { querystring: schema } }),
        config: { cache: { ttl: '1m' } },
        // Like those of TypeBox and zod: the result of validation is a different object.
        validatorCompiler: () => (given: object) =>
          'x' in given
            ? { error: new Error('x is refused') }
            : { value: { ...given, added: new Date(0) } }
      },
      async ({ query }) => JSON.stringify(Object.entries(query as object).sort())
    )
  }
}

t.test('generated queries over all kinds of schemas', async (t) => {
  const [bare, cached] = [fastify(), fastify()]
  t.teardown(() => Promise.all([bare.close(), cached.close()]))
  await cached.register(responseCache, { store: memoryStore() })
  routes(bare)
  routes(cached)
  const below = numbers(3)
  const parameter = () =>
    `${encodeURIComponent(NAMES[below(NAMES.length)] ?? '')}=${encodeURIComponent(VALUES[below(VALUES.length)] ?? '')}`
  let hits = 0
  for (let i = 0; i < 6000; i++) {
    const path = `${below(4) === 0 ? '/own' : ''}/${below(Object.keys(SCHEMAS).length)}`
    const url = `${path}?${Array.from({ length: below(4) }, parameter).join('&')}`
    const [without, withCache] = await Promise.all([bare.inject(url), cached.inject(url)])
    if (String(withCache.headers['cache-status']).includes('hit')) hits++
    if (withCache.statusCode !== without.statusCode || withCache.body !== without.body) {
      t.equal(
        `${withCache.statusCode} ${withCache.body}`,
        `${without.statusCode} ${without.body}`,
        url
      )
    }
  }
  t.ok(hits > 500, `${hits} hits`)
})

t.test(
  'with a schema that lists all properties, only those count and reach the handler',
  async (t) => {
    const app = fastify()
    t.teardown(() => app.close())
    await app.register(responseCache, { store: memoryStore() })
    let runs = 0
    app.get(
      '/x',
      {
        schema: {
          querystring: { type: 'object', properties: { page: { type: 'integer', default: 1 } } }
        },
        config: { cache: { ttl: '1m' } }
      },
      async ({ query }) => ({ run: ++runs, query })
    )
    for (const url of ['/x', '/x?page=1', '/x?page=01', '/x?utm_source=mail', '/x?page=1&x=2']) {
      t.same((await app.inject(url)).json(), { run: 1, query: { page: 1 } }, url)
    }
    t.same((await app.inject('/x?page=2')).json(), { run: 2, query: { page: 2 } })
  }
)

t.test('an invalid query is refused or accepted by the route', async (t) => {
  const app = fastify()
  t.teardown(() => app.close())
  await app.register(responseCache, { store: memoryStore() })
  const schema = { querystring: { type: 'object', properties: { page: { type: 'integer' } } } }
  app.get('/refused', { schema, config: { cache: { ttl: '1m' } } }, async () => 'x')
  app.get(
    '/taken',
    { schema, attachValidation: true, config: { cache: { ttl: '1m' } } },
    async ({ validationError }) => validationError?.message ?? 'valid'
  )
  for (let i = 0; i < 2; i++) t.equal((await app.inject('/refused?page=one')).statusCode, 400)
  for (const page of ['one', 'two']) {
    const { body, headers } = await app.inject(`/taken?page=${page}`)
    t.match([body, headers['cache-status']], [/must be integer/, /detail=INVALID/])
  }
  t.equal((await app.inject('/taken?page=1')).body, 'valid')
})
