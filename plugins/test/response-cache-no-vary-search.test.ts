import { memoryStore } from '@weir/cache/memory'
import {
  fastify,
  type FastifyInstance,
  type FastifyServerOptions,
  type RouteShorthandOptions
} from 'fastify'
import { parse } from 'node:querystring'
import t, { type Test } from 'tap'
import responseCache from '../response-cache/index.js'

/*
 * No-Vary-Search of routes with a query schema only excludes parameters that their handlers do not
 * see.
 */

async function appOf (
  t: Test,
  options: FastifyServerOptions,
  route: RouteShorthandOptions,
  headers: Readonly<Record<string, string>> = {}
): Promise<FastifyInstance> {
  const app = fastify(options)
  t.teardown(() => app.close())
  await app.register(responseCache, { store: memoryStore() })
  await app.register(async (scope) => {
    scope.get('/', { config: { cache: { ttl: '1m' } }, ...route }, async ({ query }, reply) => {
      reply.headers(headers)
      return JSON.stringify(query)
    })
  })
  return app
}

const text = { type: 'string' } as const
const schemaOf = (querystring: object): RouteShorthandOptions => ({ schema: { querystring } })
const TWO = schemaOf({
  type: 'object',
  properties: { b: text, a: { type: 'integer', default: 1 } }
})

t.test('the field of a route, on a miss and on each hit', async (t) => {
  const table: [
    what: string,
    field: string | undefined,
    route: RouteShorthandOptions,
    options?: FastifyServerOptions
  ][] = [
    ['two parameters', 'key-order, params, except=("a" "b")', TWO],
    [
      'strict',
      'key-order, params, except=("a")',
      schemaOf({ type: 'object', properties: { a: text }, additionalProperties: false })
    ],
    [
      'names that are not ASCII',
      'key-order, params, except=("%C3%A9+%22")',
      schemaOf({ type: 'object', properties: { 'é "': text } })
    ],
    [
      'refresh, which its handler does not see',
      'key-order, params, except=("a" "b" "refresh")',
      { ...TWO, config: { cache: { ttl: '1m', refresh: () => true } } }
    ],
    ['none', 'params', schemaOf({ type: 'object', properties: {} })],
    ['no schema', undefined, {}],
    ['a schema without properties', undefined, schemaOf({ type: 'object' })],
    [
      'other names are taken',
      undefined,
      schemaOf({ type: 'object', properties: { a: text }, additionalProperties: true })
    ],
    [
      'patterns',
      undefined,
      schemaOf({ type: 'object', properties: { a: text }, patternProperties: { '^x': text } })
    ],
    ['another validator', undefined, { ...TWO, validatorCompiler: () => () => true }],
    [
      'a key of its own',
      undefined,
      { ...TWO, config: { cache: { ttl: '1m', key: () => 'own' } } }
    ],
    ['not cached', undefined, { ...TWO, config: {} }],
    [
      'a parser of its own',
      undefined,
      TWO,
      { querystringParser: (query) => parse(query.toLowerCase()) }
    ],
    [
      'a parser of its own, as newer options have it',
      undefined,
      TWO,
      { routerOptions: { querystringParser: (query) => parse(query.toLowerCase()) } }
    ],
    [
      'URLs that are rewritten',
      undefined,
      TWO,
      { rewriteUrl: ({ url = '' }) => url.replace('?id=', '?a=') }
    ]
  ]
  for (const [what, field, route, options = {}] of table) {
    const app = await appOf(t, options, route)
    for (const request of ['miss', 'hit']) {
      const { statusCode, headers } = await app.inject('/')
      t.strictSame([statusCode, headers['no-vary-search']], [200, field], `${what}: ${request}`)
    }
  }
})

t.test('a request with other parameters does not get the field', async (t) => {
  const app = await appOf(t, {}, TWO)
  const table: [url: string, isTold: boolean][] = [
    ['/?a=1&sig=x', false],
    ['/?a=1', true],
    ['/?a=1&sig=x', false],
    ['/?b=1&a=1&', true],
    ['/?a=1&%73ig=x', false],
    ['/?a=2', true],
    ['/?a=2&sig=x', false]
  ]
  for (const [url, isTold] of table) {
    const answer = await app.inject(url)
    t.equal(answer.headers['no-vary-search'] !== undefined, isTold, url)
    const again = await app.inject({
      url,
      headers: { 'if-modified-since': String(answer.headers['date']), range: 'bytes=0-1' }
    })
    t.equal(again.headers['no-vary-search'] !== undefined, isTold, `${url}: in parts`)
  }
})

t.test('a handler that sets it itself', async (t) => {
  const app = await appOf(t, {}, TWO, { 'no-vary-search': 'key-order' })
  for (const request of ['miss', 'hit']) {
    t.equal((await app.inject('/?a=1')).headers['no-vary-search'], 'key-order', request)
  }
})

t.test('a hook that sets it itself', async (t) => {
  const app = await appOf(
    t,
    {},
    {
      ...TWO,
      onRequest: async (_request, reply) => {
        reply.header('no-vary-search', 'params=?0')
      }
    }
  )
  for (const request of ['miss', 'hit']) {
    t.equal((await app.inject('/?a=1')).headers['no-vary-search'], 'params=?0', request)
  }
})

t.test('queries that the field makes equivalent have one response', async (t) => {
  const app = await appOf(t, {}, TWO)
  const bodies = new Set<string>()
  for (const query of ['?b=x&a=2', '?a=2&b=x', '?a=2&b=x&utm=1', '?%61=2&b=x&', '?c&b=x&a=2']) {
    bodies.add((await app.inject(`/${query}`)).body)
  }
  t.strictSame([...bodies], ['{"b":"x","a":2}'])
})

t.test(
  'a route with a key or a schema is stored by that, regardless of its handler\'s No-Vary-Search',
  async (t) => {
    const own: RouteShorthandOptions = {
      config: { cache: { ttl: '1m', key: ({ query }) => JSON.stringify(query) } }
    }
    for (const route of [own, TWO]) {
      const app = await appOf(t, {}, route, { 'no-vary-search': 'params' })
      for (const a of ['1', '2', '1', '2']) {
        t.match((await app.inject(`/?a=${a}`)).json(), { a }, a)
      }
    }
  }
)
