import httpProxy from '@fastify/http-proxy'
import { memoryStore } from '@weir/cache/memory'
import responseCache from '@weir/fastify/response-cache'
import Fastify from 'fastify'
import t, { type Test } from 'tap'
import { isHit, ours } from './cache-status.js'
import { type Answer, send } from './client.js'
import { stopClock } from './clock.js'
import { type Answering, startOrigin } from './origin.js'
import { proxiedApp } from './proxied-app.js'
import { gate } from './tally.js'
import { twoApps } from './two-apps.js'

/*
 * A client gets exactly the origin's statements about a proxied response: the cache adds no status
 * and no Cache-Control of its own.
 */

const EXPIRES = { expires: 'Thu, 01 Jan 2099 00:00:00 GMT' }

const hasNone = (t: Test, answer: Answer, name: string) => {
  t.equal(answer.headers['cache-control'], undefined, name)
}

const ANSWERS: Readonly<Record<string, Answering>> = {
  'a 200': { headers: EXPIRES, body: 'text' },
  'a 200 in parts': { headers: EXPIRES, body: ['te', 'xt'] },
  'a 203': { status: 203, headers: EXPIRES, body: 'text' },
  'a 204': { status: 204, headers: EXPIRES },
  'a 301': { status: 301, headers: { ...EXPIRES, location: '/b' } },
  'a 302': { status: 302, headers: { location: '/b' } },
  'a 404': { status: 404, headers: EXPIRES, body: 'no' },
  'a 404 that is not stored': { status: 404, body: 'no' },
  'a 500': { status: 500, body: 'failed' },
  'a 503': { status: 503, body: 'failed' },
  'no answer': 'drop'
}

for (const [name, answer] of Object.entries(ANSWERS)) {
  t.test(`clients are told the origin's Cache-Control, which is none: ${name}`, async (t) => {
    const { origin, get, send } = await proxiedApp(t)
    origin.always('/', answer)
    for (let i = 0; i < 2; i++) hasNone(t, await get('/'), `GET ${i}`)
    for (const method of ['HEAD', 'POST', 'GET']) hasNone(t, await send(method, '/'), method)
    hasNone(t, await get('/', { range: 'bytes=0-1' }), 'a range')
  })
}

t.test(
  'no Cache-Control is added to validated, not modified, stale or coalesced responses',
  async (t) => {
    const clock = stopClock(t)
    const { origin, get, arrived } = await proxiedApp(t, {
      cache: { ttl: '10s', staleIfError: '1m' }
    })
    const { open, opened } = gate()
    origin.on('/', { after: opened, headers: { etag: '"1"' }, body: 'text' })
    const first = get('/')
    await origin.received('/')
    const second = get('/')
    await arrived('/', 2)
    open()
    hasNone(t, await first, 'a miss')
    t.match(ours(await second), { collapsed: true })
    hasNone(t, await second, 'a coalesced request')
    const hit = await get('/')
    t.ok(isHit(hit))
    hasNone(t, hit, 'a hit')
    const known = await get('/', { 'if-none-match': '"1"' })
    t.equal(known.status, 304)
    hasNone(t, known, 'a 304')
    clock.advance(11)
    origin.on('/', { status: 304, headers: { etag: '"1"' } })
    const validated = await get('/')
    t.match(ours(validated), { fwd: 'stale', 'fwd-status': 304 })
    hasNone(t, validated, 'a validated response')
    hasNone(t, await get('/'), 'a hit of it')
    clock.advance(11)
    origin.on('/', { status: 503 })
    const standIn = await get('/')
    t.match(standIn, { status: 200, body: 'text' })
    hasNone(t, standIn, 'a stale response in place of an error')
  }
)

t.test('no Cache-Control is added to responses stored by another instance', async (t) => {
  const [a, b] = await twoApps(t)
  a.origin.on('/', { headers: EXPIRES, body: 'text' })
  await a.get('/')
  for (let i = 0; i < 2; i++) {
    const hit = await b.get('/')
    t.ok(isHit(hit))
    hasNone(t, hit, `hit ${i}`)
  }
})

t.test('RFC 9211 2.3: fwd-status is the status sent by the next hop', async (t) => {
  const clock = stopClock(t)
  const { origin, get } = await proxiedApp(t, { cache: { staleIfError: '1h' } })
  const failures: readonly (readonly [Answering, number | undefined])[] = [
    [{ status: 503, body: 'failed' }, 503],
    [{ status: 502, body: 'failed' }, 502],
    [{ status: 500, body: 'failed' }, 500],
    ['drop', undefined]
  ]
  for (const [answer, status] of failures) {
    const path = `/${String(status)}`
    origin.on(path, answer)
    const failed = await get(path)
    t.ok(failed.status >= 500)
    t.match(ours(failed), { fwd: 'uri-miss', 'fwd-status': status }, `a failure: ${path}`)
    origin.on(path, { headers: { 'cache-control': 'max-age=1' }, body: 'text' }, answer)
    await get(path)
    clock.advance(2)
    const standIn = await get(path)
    t.match(standIn, { status: 200, body: 'text' })
    t.match(
      ours(standIn),
      { fwd: 'stale', 'fwd-status': status, detail: 'STALE_IF_ERROR' },
      `a stale response: ${path}`
    )
  }
})

t.test(
  'RFC 9211 2.3: no fwd-status if the next hop does not answer in time or does not exist',
  async (t) => {
    const slow = await proxiedApp(t, { proxy: { replyOptions: { timeout: 1 } } })
    slow.origin.always('/', 'never')
    t.match(ours(await slow.get('/')), { fwd: 'uri-miss', 'fwd-status': undefined })
    const gone = await proxiedApp(t, { proxy: { upstream: 'http://127.0.0.1:1' } })
    const answer = await gone.get('/')
    t.ok(answer.status >= 500)
    t.match(ours(answer), { fwd: 'uri-miss', 'fwd-status': undefined })
    hasNone(t, answer, 'no connection')
  }
)

t.test(
  'RFC 9211 2.3: responses changed by onResponse and onError also have the status of the next hop',
  async (t) => {
    const { origin, get } = await proxiedApp(t, {
      proxy: {
        replyOptions: {
          onResponse: (_request, reply) => {
            reply.code(500).send('made here')
          },
          onError: (reply) => {
            reply.code(504).send('none came')
          }
        }
      }
    })
    origin.on('/', { status: 502, body: 'failed' }, 'drop')
    const answered = await get('/')
    t.match(answered, { status: 500, body: 'made here' })
    t.match(ours(answered), { 'fwd-status': 502 })
    const failed = await get('/')
    t.match(failed, { status: 504, body: 'none came' })
    t.match(ours(failed), { 'fwd-status': undefined })
  }
)

t.test(
  'an application with its own routes sends its default Cache-Control only for them',
  async (t) => {
    const origin = await startOrigin(t)
    const app = Fastify()
    t.teardown(() => app.close())
    await app.register(responseCache, { store: memoryStore() })
    // The unencapsulated plugin provides reply.from to all routes.
    const unscoped = Object.assign(httpProxy.bind(undefined), {
      [Symbol.for('skip-override')]: true
    })
    await app.register(unscoped, { upstream: origin.url, prefix: '/rest' })
    app.get('/:kind', { config: { cache: { ttl: '1m' } } }, async (request, reply) => {
      if (request.url === '/failed') return reply.code(502).send('failed')
      return request.url === '/own' ? 'own' : reply.from(request.url)
    })
    const url = await app.listen({ host: '127.0.0.1', port: 0 })
    origin.always('/theirs', { body: 'theirs' })
    for (let i = 0; i < 2; i++) {
      t.match(await send(`${url}/own`), { body: 'own', headers: { 'cache-control': 'no-cache' } })
      t.match(await send(`${url}/theirs`), {
        body: 'theirs',
        headers: { 'cache-control': undefined }
      })
    }
    t.match(ours(await send(`${url}/failed`)), { 'fwd-status': 502 })
  }
)
