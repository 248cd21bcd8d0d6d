import t from 'tap'
import { isHit, ours } from './cache-status.js'
import { stopClock } from './clock.js'
import { type Fields } from './origin.js'
import { proxiedApp } from './proxied-app.js'
import { gate } from './tally.js'

const FRESH = { 'cache-control': 'max-age=60' }

t.test('RFC 9110 9.3.2: HEAD is answered from the response stored for GET', async (t) => {
  const clock = stopClock(t)
  const { origin, get, send } = await proxiedApp(t)
  const rows = [
    {
      status: 200,
      headers: {
        etag: '"1"',
        vary: 'accept',
        'content-type': 'text/plain',
        link: ['</a>', '</b>']
      },
      body: 'text'
    },
    { status: 200, headers: {}, body: '' },
    { status: 404, headers: { 'content-type': 'text/plain' }, body: 'gone' },
    { status: 301, headers: { location: '/other' }, body: 'moved' }
  ]
  for (const [i, { status, headers, body }] of rows.entries()) {
    const path = `/${i}`
    origin.on(path, { status, headers: { ...FRESH, ...headers }, body })
    await get(path)
    clock.advance(5)
    const [hit, head] = [await get(path), await send('HEAD', path)]
    const sorted = ({ lines }: typeof hit) =>
      lines.map(([name, value]) => `${name}: ${value}`).sort()
    t.equal(head.status, status)
    t.equal(head.body, '')
    t.equal(head.headers['content-length'], String(body.length))
    t.strictSame(sorted(head), sorted(hit), 'all its header fields are those of GET')
    t.equal(origin.requests(path).length, 1)
  }
})

t.test(
  'RFC 9110 9.3.2: HEAD is forwarded when nothing is stored, and stores nothing for GET',
  async (t) => {
    const { origin, get, send } = await proxiedApp(t)
    origin.on(
      '/',
      { headers: { ...FRESH, 'x-a': '1' }, body: 'text' },
      { headers: FRESH, body: 'text' }
    )
    const head = await send('HEAD', '/')
    t.match(head, { status: 200, body: '', headers: { 'x-a': '1', 'content-length': '4' } })
    t.match(ours(head), { hit: undefined, fwd: /./ })
    t.equal(origin.requests('/')[0]?.method, 'HEAD')
    t.match(await get('/'), { body: 'text' })
    t.strictSame(
      origin.requests('/').map(({ method }) => method),
      ['HEAD', 'GET']
    )
    t.ok(isHit(await send('HEAD', '/')))
  }
)

t.test('RFC 9110 9.3.2: the status of a forwarded HEAD is unchanged', async (t) => {
  const { origin, send } = await proxiedApp(t)
  for (const status of [204, 301, 404, 405, 500, 503]) {
    origin.on(`/${status}`, { status, headers: { 'x-a': '1' } })
    t.match(await send('HEAD', `/${status}`), { status, headers: { 'x-a': '1' }, body: '' })
  }
})

/** The response stored for GET, the response to HEAD, and its effect on the stored response. */
const CONTRADICTIONS: readonly (readonly [
  rule: string,
  stored: Fields,
  head: Fields,
  outcome: 'updated' | 'stale'
])[] = [
  ['the same tag', { etag: '"1"' }, { etag: '"1"' }, 'updated'],
  ['another tag', { etag: '"1"' }, { etag: '"2"' }, 'stale'],
  [
    'the same date',
    { 'last-modified': 'Thu, 01 Jan 2015 00:00:00 GMT' },
    { 'last-modified': 'Thu, 01 Jan 2015 00:00:00 GMT' },
    'updated'
  ],
  [
    'another date',
    { 'last-modified': 'Thu, 01 Jan 2015 00:00:00 GMT' },
    { 'last-modified': 'Fri, 02 Jan 2015 00:00:00 GMT' },
    'stale'
  ],
  ['the same length', {}, { 'content-length': '4' }, 'updated'],
  ['another length', {}, { 'content-length': '5' }, 'stale'],
  [
    'another length of the same tag',
    { etag: '"1"' },
    { etag: '"1"', 'content-length': '5' },
    'stale'
  ],
  ['nothing', { etag: '"1"' }, { 'content-length': undefined }, 'updated']
]

t.test(
  'RFC 9111 4.3.5: a forwarded HEAD updates a matching stored response, and invalidates a contradicting one',
  async (t) => {
    stopClock(t)
    const { origin, get, send } = await proxiedApp(t)
    for (const [i, [rule, stored, head, outcome]] of CONTRADICTIONS.entries()) {
      const path = `/${i}`
      origin.on(
        path,
        { headers: { ...FRESH, ...stored, 'x-old': '1' }, body: 'text' },
        { headers: { ...FRESH, ...head, 'x-new': '1' }, body: 'text' },
        { headers: FRESH, body: 'new text' }
      )
      await get(path)
      const asked = await send('HEAD', path, { headers: { 'cache-control': 'no-cache' } })
      t.match(asked, { status: 200, headers: { 'x-new': '1' } }, rule)
      t.equal(origin.requests(path)[1]?.method, 'HEAD', rule)
      const next = await get(path)
      if (outcome === 'updated') {
        t.match(
          next,
          { body: 'text', headers: { 'x-old': '1', 'x-new': '1', 'cache-status': /; hit/ } },
          rule
        )
      } else t.match(next, { body: 'new text' }, rule)
    }
  }
)

t.test('RFC 9111 4.3.5: only a 200 to HEAD affects the stored response', async (t) => {
  stopClock(t)
  const { origin, get, send } = await proxiedApp(t)
  for (const status of [404, 500, 503]) {
    const path = `/${status}`
    origin.on(
      path,
      { headers: { ...FRESH, etag: '"1"' }, body: 'text' },
      { status, headers: { etag: '"2"' } }
    )
    await get(path)
    t.equal((await send('HEAD', path, { headers: { 'cache-control': 'no-cache' } })).status, status)
    t.match(await get(path), { status: 200, body: 'text', headers: { 'cache-status': /; hit/ } })
  }
})

t.test(
  'RFC 9111 4.3.5: a matching HEAD only makes the stored response fresh again',
  async (t) => {
    const clock = stopClock(t)
    const { origin, get, send } = await proxiedApp(t)
    const headers = { ...FRESH, etag: '"1"', vary: 'accept' }
    origin.always('/', ({ method, headers: { accept } }) => ({
      headers: { ...headers, 'cache-control': 'max-age=100', 'x-by': method },
      body: String(accept)
    }))
    for (const accept of ['a/a', 'b/b']) await get('/', { accept })
    clock.advance(100)
    t.match(await send('HEAD', '/', { headers: { accept: 'a/a' } }), {
      status: 200,
      headers: { 'x-by': 'HEAD', 'cache-status': /fwd=stale/ }
    })
    clock.advance(99)
    t.match(await get('/', { accept: 'a/a' }), {
      body: 'a/a',
      headers: { age: '99', 'x-by': 'HEAD', 'cache-status': /; hit/ }
    })
    t.match(
      await get('/', { accept: 'b/b' }),
      { body: 'b/b', headers: { 'x-by': 'GET', 'cache-status': /fwd=stale/ } },
      'another variant'
    )
  }
)

t.test('RFC 9111 4.3.5, 3: a HEAD that forbids storing invalidates the stored response', async (t) => {
  const clock = stopClock(t)
  const { origin, get, send } = await proxiedApp(t)
  origin.on(
    '/',
    { headers: { ...FRESH, etag: '"1"' }, body: 'old' },
    { headers: { 'cache-control': 'no-store', etag: '"1"' } },
    { headers: FRESH, body: 'new' }
  )
  await get('/')
  clock.advance(60)
  await send('HEAD', '/')
  t.match(await get('/', { 'cache-control': 'max-stale' }), { body: 'new' })
})

t.test('RFC 9111 4.3.5: a HEAD overtaken by a write renews nothing', async (t) => {
  const clock = stopClock(t)
  const { origin, get, send } = await proxiedApp(t)
  const { open, opened } = gate()
  const headers = { ...FRESH, etag: '"1"' }
  origin.on(
    '/',
    { headers, body: 'old' },
    { headers, after: opened },
    { status: 204 },
    { headers: FRESH, body: 'new' }
  )
  await get('/')
  clock.advance(60)
  const head = send('HEAD', '/')
  await origin.received('/', 2)
  await send('PUT', '/', { body: 'x' })
  open()
  t.equal((await head).status, 200)
  t.match(await get('/'), { status: 200, body: 'new' })
})

t.test(
  'RFC 9111 3.5: the HEAD of a client with credentials does not affect shared responses',
  async (t) => {
    const clock = stopClock(t)
    const { origin, get, send } = await proxiedApp(t)
    origin.on(
      '/',
      { headers: { ...FRESH, etag: '"1"' }, body: 'text' },
      { headers: { ...FRESH, etag: '"1"', 'x-mine': '1' } },
      { status: 304, headers: FRESH }
    )
    await get('/')
    clock.advance(60)
    t.match(await send('HEAD', '/', { headers: { authorization: 'Basic YTpi' } }), {
      headers: { 'x-mine': '1' }
    })
    t.match(await get('/'), {
      body: 'text',
      headers: { 'x-mine': undefined, 'cache-status': /fwd=stale; fwd-status=304/ }
    })
  }
)
