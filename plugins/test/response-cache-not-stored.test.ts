import type { FastifyReply } from 'fastify'
import t from 'tap'
import { cachedApp } from './support/cached-app.js'

const cases: [
  why: string,
  answer: (reply: FastifyReply) => unknown,
  headers?: Record<string, string>
][] = [
  ['NO_STORE', (reply) => reply.header('cache-control', 'no-store').send('x')],
  ['PRIVATE', (reply) => reply.header('cache-control', 'max-age=5, private').send('x')],
  ['SET_COOKIE', (reply) => reply.header('set-cookie', 'a=1').send('x')],
  ['VARY_STAR', (reply) => reply.header('vary', '*').send('x')],
  ['STATUS', (reply) => reply.code(403).send('x')],
  ['NEGATIVE', (reply) => reply.code(404).send('x')],
  ['PARTIAL', (reply) => reply.code(206).send('x')],
  ['AUTHORIZATION', (reply) => reply.send('x'), { authorization: 'Bearer x' }],
  ['REQUEST_NO_STORE', (reply) => reply.send('x'), { 'cache-control': 'no-store' }],
  ['TOO_LARGE', (reply) => reply.send('x'.repeat(101))]
]

for (const [why, answer, headers = {}] of cases) {
  t.test(`${why}: served and not stored, with the reason in Cache-Status`, async (t) => {
    const app = await cachedApp(t, { maxBodyBytes: 100 })
    let runs = 0
    app.get('/x', { config: { cache: { ttl: '60s' } } }, (_request, reply) => {
      runs++
      answer(reply)
    })
    for (const run of [1, 2]) {
      const response = await app.inject({ url: '/x', headers })
      t.equal(runs, run)
      t.match(response.body, /^x+$/)
      t.equal(response.headers['cache-status'], `weir; fwd=uri-miss; detail=${why}`)
    }
  })
}

t.test('an error of the handler is passed on, and not stored', async (t) => {
  const app = await cachedApp(t)
  app.get('/x', { config: { cache: { ttl: '60s' } } }, async (_request, reply) =>
    reply.code(503).send('x')
  )
  for (let i = 0; i < 2; i++) {
    t.equal(
      (await app.inject('/x')).headers['cache-status'],
      'weir; fwd=uri-miss; fwd-status=503; detail=STATUS'
    )
  }
})

t.test('RFC 9111, 3.5: an authorized response with public is stored', async (t) => {
  const app = await cachedApp(t)
  app.get('/x', { config: { cache: { ttl: '60s' } } }, async (_request, reply) =>
    reply.header('cache-control', 'public').send('x')
  )
  await app.inject({ url: '/x', headers: { authorization: 'Bearer x' } })
  t.match((await app.inject('/x')).headers['cache-status'], /hit/)
})

t.test('404 and 410 are stored for the time declared by the route', async (t) => {
  const app = await cachedApp(t)
  let runs = 0
  app.get('/x', { config: { cache: { ttl: '60s', negative: '5s' } } }, async (_request, reply) =>
    reply.code(404).send(`${++runs}`)
  )
  t.equal((await app.inject('/x')).headers['cache-status'], 'weir; fwd=uri-miss; ttl=5; stored')
  const hit = await app.inject('/x')
  t.equal(hit.statusCode, 404)
  t.match(hit.headers['cache-status'], /hit/)
  t.equal(hit.headers['cache-control'], 'no-store', 'browsers do not store it')
  t.equal(runs, 1)
})

t.test('routes without config.cache, or with false, are unchanged', async (t) => {
  const app = await cachedApp(t)
  app.get('/plain', async () => 'x')
  app.get('/off', { config: { cache: false } }, async () => 'x')
  for (const url of ['/plain', '/off', '/missing']) {
    t.notOk('cache-status' in (await app.inject(url)).headers, url)
  }
})

t.test(
  'if a tags function throws, the request is answered, nothing is stored, and no request waits for it',
  async (t) => {
    const app = await cachedApp(t)
    app.get(
      '/x',
      {
        config: {
          cache: {
            ttl: '60s',
            tags: () => {
              throw new Error('no tags')
            }
          }
        }
      },
      async () => 'x'
    )
    const answers = await Promise.all([app.inject('/x'), app.inject('/x')])
    for (const { statusCode, headers } of answers) {
      t.match([statusCode, headers['cache-status']], [200, /detail=INVALID_TAG/])
    }
  }
)
