import { memoryStore } from '@weir/cache/memory'
import responseCache from '@weir/fastify/response-cache'
import service from '@weir/fastify/service'
import Fastify from 'fastify'
import t, { type Test } from 'tap'
import { isHit, ours } from './cache-status.js'
import { stopClock } from './clock.js'
import { proxiedApp, type ProxiedOptions } from './proxied-app.js'

/**
 * A response with these directives at this age, a request with these directives, and the expected
 * result.
 */
type Case = readonly [
  response: string,
  age: number,
  request: Readonly<Record<string, string>>,
  outcome: 'hit' | 'request' | 'stale' | 'timeout'
]

async function check (
  t: Test,
  cases: readonly Case[],
  cache: ProxiedOptions['cache'] = {}
): Promise<void> {
  const clock = stopClock(t)
  const { origin, get } = await proxiedApp(t, { cache })
  for (const [i, [response, age, request, outcome]] of cases.entries()) {
    const [path, rule] = [
      `/${i}`,
      `${response} after ${age} s, asked ${JSON.stringify(request)}: ${outcome}`
    ]
    // The tag retains the stale response; the origin's response has another one anyway.
    origin.on(
      path,
      { headers: { 'cache-control': response, etag: '"1"' }, body: 'first' },
      { headers: { 'cache-control': 'max-age=60', etag: '"2"' }, body: 'second' }
    )
    await get(path)
    clock.advance(age)
    const answer = await get(path, request)
    if (outcome === 'timeout') {
      t.equal(answer.status, 504, rule)
    } else if (outcome === 'hit') {
      t.match(
        { hit: isHit(answer), body: answer.body, age: answer.headers.age },
        { hit: true, body: 'first', age: String(age) },
        rule
      )
    } else {
      t.match(
        { fwd: ours(answer)['fwd'], body: answer.body },
        { fwd: outcome, body: 'second' },
        rule
      )
      t.match(
        { hit: isHit(await get(path)), body: (await get(path)).body },
        { hit: true, body: 'second' },
        `${rule}, and is what others get from then on`
      )
    }
    t.equal(origin.requests(path).length, outcome === 'hit' || outcome === 'timeout' ? 1 : 2, rule)
  }
}

const asks = (value: string) => ({ 'cache-control': value })

t.test('RFC 9111 5.2.1.4, 5.4: no-cache', async (t) => {
  await check(t, [
    ['max-age=60', 0, asks('no-cache'), 'request'],
    ['max-age=60', 0, asks('No-Cache'), 'request'],
    ['max-age=60', 0, asks('max-age=100, no-cache'), 'request'],
    ['max-age=60', 61, asks('no-cache'), 'stale'],
    ['max-age=60', 0, { pragma: 'no-cache' }, 'request'],
    ['max-age=60', 0, { pragma: 'foo, NO-CACHE' }, 'request'],
    ['max-age=60', 0, { pragma: 'foo' }, 'hit'],
    ['max-age=60', 0, { pragma: 'no-cache', 'cache-control': 'max-age=60' }, 'hit']
  ])
})

t.test('RFC 9111 5.2.1.1: max-age', async (t) => {
  await check(t, [
    ['max-age=60', 0, asks('max-age=0'), 'hit'],
    ['max-age=60', 1, asks('max-age=0'), 'request'],
    ['max-age=60', 10, asks('max-age=10'), 'hit'],
    ['max-age=60', 11, asks('max-age=10'), 'request'],
    ['max-age=60', 11, asks('max-age="10"'), 'request'],
    ['max-age=60', 70, asks('max-age=100'), 'stale'],
    ['max-age=60, stale-while-revalidate=60', 70, asks('max-age=100'), 'stale']
  ])
})

t.test('RFC 9111 5.2.1.3: min-fresh', async (t) => {
  await check(t, [
    ['max-age=60', 10, asks('min-fresh=50'), 'hit'],
    ['max-age=60', 11, asks('min-fresh=50'), 'request'],
    ['max-age=60', 0, asks('min-fresh=61'), 'request'],
    ['max-age=60', 60, asks('min-fresh=0'), 'stale']
  ])
})

t.test('RFC 9111 5.2.1.2: max-stale', async (t) => {
  await check(t, [
    ['max-age=60', 70, asks('max-stale'), 'hit'],
    ['max-age=60', 70, asks('max-stale=10'), 'hit'],
    ['max-age=60', 71, asks('max-stale=10'), 'stale'],
    ['max-age=60', 70, asks('max-age=100, max-stale=10'), 'hit'],
    ['max-age=60', 70, asks('max-age=65, max-stale=10'), 'stale'],
    ['max-age=60, must-revalidate', 70, asks('max-stale'), 'stale'],
    ['max-age=60, proxy-revalidate', 70, asks('max-stale'), 'stale'],
    ['s-maxage=60', 70, asks('max-stale'), 'stale'],
    ['max-age=60, no-cache', 0, asks('max-stale'), 'stale']
  ])
})

t.test('RFC 9111 5.2.1.7: only-if-cached', async (t) => {
  await check(t, [
    ['max-age=60', 0, asks('only-if-cached'), 'hit'],
    ['max-age=60', 70, asks('only-if-cached'), 'timeout'],
    ['max-age=60', 70, asks('only-if-cached, max-stale'), 'hit'],
    ['max-age=60', 11, asks('only-if-cached, max-age=10'), 'timeout'],
    ['max-age=60', 0, asks('only-if-cached, no-cache'), 'timeout'],
    ['no-cache', 0, asks('only-if-cached'), 'timeout']
  ])
})

t.test('RFC 9111 5.2.1: directives that do not concern stored responses', async (t) => {
  await check(t, [
    ['max-age=60', 10, asks('no-transform'), 'hit'],
    ['max-age=60', 10, asks('foo=bar, "baz"'), 'hit'],
    ['max-age=60', 10, asks(''), 'hit'],
    ['max-age=60', 10, asks('stale-if-error=10'), 'hit']
  ])
})

t.test('a route that ignores request directives', async (t) => {
  await check(t, [
    ['max-age=60', 10, asks('no-cache'), 'hit'],
    ['max-age=60', 10, asks('max-age=0'), 'hit'],
    ['max-age=60', 10, asks('min-fresh=100'), 'hit'],
    ['max-age=60', 10, { pragma: 'no-cache' }, 'hit'],
    ['max-age=60', 70, asks('max-stale'), 'stale'],
    ['max-age=60', 70, asks('only-if-cached'), 'stale']
  ], { requestDirectives: false })
})

t.test('a route that ignores request directives stores despite no-store', async (t) => {
  const { origin, get } = await proxiedApp(t, { cache: { requestDirectives: false } })
  origin.on('/', { headers: { 'cache-control': 'max-age=60' } })
  await get('/', asks('no-store'))
  t.ok(isHit(await get('/')))
})

t.test('RFC 9111 5.2.1.7: only-if-cached without a stored response does not reach the origin', async (t) => {
  const { origin, get, send } = await proxiedApp(t)
  origin.always('/', { headers: { 'cache-control': 'max-age=60' } })
  for (const method of ['GET', 'HEAD']) {
    t.equal((await send(method, '/', { headers: asks('only-if-cached') })).status, 504)
  }
  t.strictSame(origin.requests('/'), [])
  await get('/')
  t.ok(
    isHit(await send('HEAD', '/', { headers: asks('only-if-cached') })),
    'HEAD is answered from what GET has stored'
  )
})

t.test('RFC 9111 5.2.1.7, RFC 9457: a service answers with problem details', async (t) => {
  const app = Fastify()
  t.teardown(() => app.close())
  await app.register(service, {
    name: 'edge',
    version: '1',
    title: 'Edge',
    description: 'A service'
  })
  await app.register(responseCache, { store: memoryStore() })
  app.get('/', { config: { cache: { ttl: '1m' } } }, async () => 'text')
  const answer = await app.inject({ url: '/', headers: asks('only-if-cached') })
  t.equal(answer.statusCode, 504)
  t.equal(answer.headers['content-type'], 'application/problem+json')
  t.match(answer.json(), {
    status: 504,
    title: 'Gateway Timeout',
    detail: /only-if-cached/,
    code: 'WEIR_ERR_ONLY_IF_CACHED'
  })
})

t.test('RFC 9111 5.2: a forwarded request keeps its directives', async (t) => {
  const { origin, get } = await proxiedApp(t)
  origin.always('/', { headers: { 'cache-control': 'no-store' } })
  for (const value of ['no-cache', 'max-age=0, foo="bar"', 'no-store', 'min-fresh=5']) {
    await get('/', asks(value))
    t.equal(origin.requests('/').at(-1)?.headers['cache-control'], value)
  }
})

t.test(
  'RFC 9111 5.2.1.5: the response to a request with no-store replaces no stored one',
  async (t) => {
    const { origin, get } = await proxiedApp(t)
    origin.on(
      '/',
      { headers: { 'cache-control': 'max-age=60' }, body: 'first' },
      { headers: { 'cache-control': 'max-age=60' }, body: 'second' }
    )
    await get('/')
    await get('/', asks('no-cache, no-store'))
    t.not((await get('/', asks('only-if-cached'))).body, 'second')
  }
)
