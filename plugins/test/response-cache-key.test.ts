import t from 'tap'
import { cachedApp } from './support/cached-app.js'

const query = {
  type: 'object',
  additionalProperties: false,
  properties: {
    page: { type: 'integer', minimum: 1, default: 1 },
    q: { type: 'string' },
    tags: { type: 'array', items: { type: 'string' } },
    all: { type: 'boolean' }
  }
}

t.test('with a query schema, equivalent queries share one entry', async (t) => {
  const app = await cachedApp(t)
  const seen: unknown[] = []
  app.get(
    '/list',
    { schema: { querystring: query }, config: { cache: { ttl: '60s' } } },
    async (request) => {
      seen.push(request.query)
      return { query: request.query }
    }
  )
  for (const [first, ...same] of [
    ['/list', '/list?', '/list?page=1', '/list?page=01', '/list?utm_source=x', '/list?page=1&x=2'],
    ['/list?q=a%20b&page=2', '/list?page=2&q=a+b', '/list?page=2&q=a%20b&nocache=1'],
    ['/list?tags=a&tags=b', '/list?tags=a&x&tags=b'],
    ['/list?all=true', '/list?all=true&page=1'],
    ['/list?q=a%26page%3D2', '/list?page=1&q=a%26page%3D2']
  ]) {
    const miss = await app.inject(first ?? '')
    t.match(miss.headers['cache-status'], /uri-miss/, first ?? '')
    for (const url of same) {
      const hit = await app.inject(url)
      t.match(hit.headers['cache-status'], /hit/, url)
      t.equal(hit.body, miss.body)
    }
  }
  t.same(seen[0], { page: 1 }, 'the handler does not see undeclared parameters')
  t.equal(seen.length, 5)
})

t.test('a query that the schema refuses is answered by the route, and not stored', async (t) => {
  const app = await cachedApp(t)
  app.get(
    '/list',
    { schema: { querystring: query }, config: { cache: { ttl: '60s', negative: '60s' } } },
    async () => 'x'
  )
  for (let i = 0; i < 2; i++) {
    const refused = await app.inject('/list?page=zero')
    t.equal(refused.statusCode, 400)
    t.match(refused.body, /page/)
    t.notOk('cache-status' in refused.headers)
  }
})

t.test('without a schema the whole query counts', async (t) => {
  const app = await cachedApp(t)
  app.get('/raw', { config: { cache: { ttl: '60s' } } }, async (request) => request.query)
  t.same((await app.inject('/raw?b=2&a=1')).json(), { b: '2', a: '1' })
  t.match((await app.inject('/raw?a=1&b=2')).headers['cache-status'], /uri-miss/)
  t.match((await app.inject('/raw?b=2&a=1')).headers['cache-status'], /hit/)
})

t.test('declared request headers select the variant', async (t) => {
  const app = await cachedApp(t)
  app.get(
    '/hello',
    { config: { cache: { ttl: '60s', vary: ['Accept-Language'] } } },
    async (request) => request.headers['accept-language'] ?? 'none'
  )
  const get = async (language?: string) => {
    const { body, headers } = await app.inject({
      url: '/hello',
      headers: language === undefined ? {} : { 'accept-language': language }
    })
    return `${body} ${String(headers['cache-status']).split('; ')[1]} ${headers['vary']}`
  }
  t.equal(await get('de'), 'de fwd=miss accept-language')
  t.equal(await get('en'), 'en fwd=miss accept-language')
  t.equal(await get(), 'none fwd=miss accept-language')
  t.equal(await get('de'), 'de hit accept-language')
  t.equal(await get(), 'none hit accept-language')
})

t.test('the request\'s own origin is in the key, unless one is configured', async (t) => {
  const handler = async (request: { host: string }) => request.host
  const apart = await cachedApp(t, { origin: undefined } as object)
  apart.get('/', { config: { cache: { ttl: '60s' } } }, handler)
  t.equal((await apart.inject({ url: '/', headers: { host: 'a.test' } })).body, 'a.test')
  t.equal((await apart.inject({ url: '/', headers: { host: 'b.test' } })).body, 'b.test')

  const one = await cachedApp(t, { origin: 'https://a.test' })
  one.get('/', { config: { cache: { ttl: '60s' } } }, handler)
  await one.inject({ url: '/', headers: { host: 'a.test:4101' } })
  t.match(
    (await one.inject({ url: '/', headers: { host: 'a.test:4102' } })).headers['cache-status'],
    /hit/
  )
})

t.test('a custom key replaces path and query', async (t) => {
  const app = await cachedApp(t)
  app.get(
    '/u/:name',
    {
      config: {
        cache: {
          ttl: '60s',
          key: (request) => String(Object.values(request.params ?? {})[0]).toLowerCase()
        }
      }
    },
    async (request) => request.params
  )
  await app.inject('/u/Ada')
  const hit = await app.inject('/u/ADA?x=1')
  t.match(hit.headers['cache-status'], /hit/)
  t.same(hit.json(), { name: 'Ada' })
})
