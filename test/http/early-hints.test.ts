import { certificate } from '@weir/internal/testing'
import t from 'tap'
import { isHit, ours } from './cache-status.js'
import { stopClock } from './clock.js'
import { askInterim, checkAnswer, exchangeText } from './interim-client.js'
import { proxiedApp } from './proxied-app.js'
import { gate } from './tally.js'
import { twoApps } from './two-apps.js'

const LINK = [
  '</a.css>; rel=preload; as=style, </next>; rel=next',
  '<https://cdn.test>; rel=preconnect'
]
const PAGE = { 'cache-control': 'max-age=60', etag: '"1"', link: LINK }
const HINTS = [
  [103, { link: '</a.css>; rel=preload; as=style, <https://cdn.test>; rel=preconnect' }]
] as const
const earlyHints = { cache: { earlyHints: true } }

for (const [name, version, isSecure] of [
  ['HTTP/1.1', 1, false],
  ['HTTP/2', 2, false],
  ['HTTP/2 with TLS', 2, true]
] as const) {
  t.test(`RFC 8297 2: a hit hints at its links over ${name}`, async (t) => {
    const tls = isSecure ? { https: await certificate(t.testdir({})) } : {}
    const { origin, url } = await proxiedApp(t, {
      ...earlyHints,
      server: { ...(version === 2 && { http2: true }), ...tls }
    })
    origin.on('/', { headers: PAGE, body: 'text' })
    t.strictSame((await askInterim(version, `${url}/`)).interim, [], 'nothing is known of a miss')
    const hit = await askInterim(version, `${url}/`)
    t.ok(isHit(hit))
    checkAnswer(t, hit, {
      interim: HINTS,
      status: 200,
      body: 'text',
      headers: { link: LINK.join(', ') }
    })
    for (const [method, headers] of [
      ['HEAD', {}],
      ['GET', { 'if-none-match': '"1"' }],
      ['GET', { 'if-none-match': '"2"' }],
      ['GET', { range: 'bytes=0-1' }]
    ] as const) {
      t.strictSame(
        (await askInterim(version, `${url}/`, { method, headers })).interim,
        [],
        `${method} ${JSON.stringify(headers)}`
      )
    }
  })
}

t.test('RFC 8297 2: before a stored response is validated', async (t) => {
  const clock = stopClock(t)
  const { origin, url } = await proxiedApp(t, earlyHints)
  origin.on('/', { headers: PAGE, body: 'text' })
  await askInterim(1, `${url}/`)
  clock.advance(61)
  const { open, opened } = gate()
  // The origin answers only after the client has received them.
  origin.on('/', { after: opened, status: 304, headers: PAGE })
  const answer = await askInterim(1, `${url}/`, { onInterim: open })
  checkAnswer(t, answer, { interim: HINTS, body: 'text' })
  t.match(ours(answer), { fwd: 'stale', 'fwd-status': 304 })
})

t.test('no hints of invalidated responses or of those for other users', async (t) => {
  const clock = stopClock(t)
  const { app, origin, url } = await proxiedApp(t, { cache: { earlyHints: true, tags: ['page'] } })
  origin.always('/', { headers: PAGE, body: 'text' })
  await askInterim(1, `${url}/`)
  clock.advance(61)
  t.strictSame((await askInterim(1, `${url}/`, { headers: { authorization: 'a' } })).interim, [])
  await app.responseCache.invalidate(['page'])
  t.strictSame((await askInterim(1, `${url}/`)).interim, [])
})

t.test(
  'no hints of a response invalidated while a request waits for another instance, which then fails',
  async (t) => {
    const clock = stopClock(t)
    const [a, b] = await twoApps(t, { cache: { earlyHints: true, tags: ['page'] } })
    const { open, opened } = gate()
    a.origin.on(
      '/',
      { headers: PAGE, body: '1' },
      { after: opened, status: 500, body: 'failed' },
      { headers: { ...PAGE, etag: '"2"' }, body: '2' }
    )
    await a.get('/')
    t.strictSame((await askInterim(1, `${b.url}/`)).interim.length, 1)
    clock.advance(61)
    const failing = a.get('/')
    await a.origin.received('/', 2)
    const waiting = askInterim(1, `${b.url}/`)
    await b.arrived('/', 2)
    await a.app.responseCache.invalidate(['page'])
    open()
    t.match(await failing, { status: 500 })
    checkAnswer(t, await waiting, { interim: [], body: '2' })
  }
)

t.test('no hints without the option, without such links, or over HTTP/1.0', async (t) => {
  for (const [cache, link] of [
    [{}, LINK],
    [{ earlyHints: false }, LINK],
    [{ earlyHints: true }, '</next>; rel=next'],
    [{ earlyHints: true }, undefined]
  ] as const) {
    const { origin, url } = await proxiedApp(t, { cache })
    origin.on('/', { headers: { ...PAGE, link }, body: 'text' })
    for (let i = 0; i < 2; i++) {
      checkAnswer(t, await askInterim(1, `${url}/`), { interim: [], body: 'text' })
    }
  }
  const { origin, url } = await proxiedApp(t, earlyHints)
  origin.on('/', { headers: PAGE, body: 'text' })
  for (let i = 0; i < 2; i++) {
    t.match(
      await exchangeText(url, 'GET / HTTP/1.0\r\nHost: a\r\n\r\n', '\r\n\r\ntext'),
      /^HTTP\/1\.1 200 /
    )
  }
})

t.test('inject() gets the response', async (t) => {
  const { app, origin } = await proxiedApp(t, earlyHints)
  origin.on('/', { headers: PAGE, body: 'text' })
  for (let i = 0; i < 2; i++) t.match(await app.inject('/'), { statusCode: 200, body: 'text' })
})
