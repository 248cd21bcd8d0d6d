import { parseCacheGroups } from '@weir/http'
import t, { type Test } from 'tap'
import type { ResponseCacheOptions } from '../response-cache/index.js'
import { cachedApp } from './support/cached-app.js'

/*
 * Cache-Groups and Cache-Group-Invalidation (RFC 9875) never exceed the size that proxies accept.
 */
const tags = (count: number) => Array.from({ length: count }, (_, i) => `product:${i}`)

async function shop (t: Test, options: Partial<ResponseCacheOptions> = {}) {
  const app = await cachedApp(t, options)
  let runs = 0
  app.get<{ Params: { count: string } }>(
    '/list/:count',
    {
      config: {
        cache: {
          ttl: '60s',
          tags: ({ params }) => tags(Number((params as { count: string }).count))
        }
      }
    },
    async (_request, reply) => {
      reply.headers({
        'cache-control': 'max-age=60',
        'cdn-cache-control': 'max-age=600',
        etag: '"1"'
      })
      return { runs: ++runs }
    }
  )
  app.put<{ Params: { count: string } }>('/bulk/:count', {
    config: { invalidates: ({ params }) => tags(Number((params as { count: string }).count)) }
  }, async () => 'saved')
  return app
}

t.test(
  'a response with a few tags names them, and is stored downstream as its handler declared',
  async (t) => {
    const app = await shop(t)
    for (const outcome of [/stored/, /hit/]) {
      const { headers } = await app.inject('/list/3')
      t.match(headers, {
        'cache-status': outcome,
        'cache-groups': '"product:0", "product:1", "product:2"',
        'cache-control': 'max-age=60'
      })
    }
  }
)

t.test(
  'a response with many tags names as many as fit, and is not reused downstream without revalidation',
  async (t) => {
    const app = await shop(t)
    for (const [outcome, request] of [
      [/stored/, {}],
      [/hit/, {}],
      [/hit/, { 'if-none-match': '"1"' }]
    ] as const) {
      const { headers } = await app.inject({ url: '/list/2000', headers: request })
      t.match(headers, {
        'cache-status': outcome,
        'cache-control': 'max-age=60, no-cache',
        'cdn-cache-control': 'max-age=600, no-cache'
      })
      const field = String(headers['cache-groups'])
      t.ok(field.length <= 2048 && field.length > 2000)
      t.same(parseCacheGroups(field), tags(parseCacheGroups(field).length))
    }
    await app.responseCache.invalidate(['product:1999'])
    t.match(
      await app.inject('/list/2000'),
      { headers: { 'cache-status': /stored/ } },
      'here each of its tags counts'
    )
  }
)

t.test(
  'a write that invalidates many tags names as many as fit, and invalidates all of them here',
  async (t) => {
    const app = await shop(t)
    await app.inject('/list/2000')
    const { statusCode, headers } = await app.inject({ method: 'PUT', url: '/bulk/2000' })
    t.equal(statusCode, 200)
    const field = String(headers['cache-group-invalidation'])
    t.ok(field.length <= 2048)
    t.equal(parseCacheGroups(field)[0], 'product:0')
    t.match(await app.inject('/list/2000'), { headers: { 'cache-status': /stored/ } })
  }
)

t.test('cacheGroups: false sends no tags downstream', async (t) => {
  const app = await shop(t, { cacheGroups: false })
  for (const outcome of [/stored/, /hit/]) {
    const { headers } = await app.inject('/list/2000')
    t.match(headers, { 'cache-status': outcome, 'cache-control': 'max-age=60' })
    t.notOk('cache-groups' in headers)
  }
  const { headers } = await app.inject({ method: 'PUT', url: '/bulk/1' })
  t.notOk('cache-group-invalidation' in headers)
  t.match(await app.inject('/list/2000'), { headers: { 'cache-status': /stored/ } })
})

t.test('a field of the handler without valid tags is ignored on its own', async (t) => {
  const app = await cachedApp(t)
  const fields = ['""', '"', '"a" "b"', '7', '("a")', '?1', '"a", ""']
  app.get<{ Params: { i: string } }>(
    '/:i',
    { config: { cache: { ttl: '60s' } } },
    async ({ params }, reply) => {
      reply.header('cache-groups', fields[Number(params.i)])
      return 'x'
    }
  )
  app.post<{ Params: { i: string } }>('/write/:i', async ({ params }, reply) => {
    reply.header('cache-group-invalidation', fields[Number(params.i)])
    return 'x'
  })
  for (const [i, field] of fields.entries()) {
    t.match(
      await app.inject(`/${i}`),
      { statusCode: 200, headers: { 'cache-status': /stored/ } },
      field
    )
    t.match(await app.inject({ method: 'POST', url: `/write/${i}` }), { statusCode: 200 }, field)
  }
  const last = await app.inject('/6')
  t.notMatch(last.headers['cache-status'], /hit/, 'the tag beside an empty one counts')
})
