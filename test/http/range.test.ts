import t, { type Test } from 'tap'
import { isHit } from './cache-status.js'
import { type Clock, stopClock } from './clock.js'
import { type Fields } from './origin.js'
import { type Proxied, proxiedApp } from './proxied-app.js'

const TEXT = '0123456789'
const MODIFIED = 'Thu, 01 Jan 2015 00:00:00 GMT'

const HEADERS = { 'cache-control': 'max-age=60', etag: '"1"', 'last-modified': MODIFIED, 'content-type': 'text/plain' }

type Expected = readonly [first: number, last: number] | 'whole' | 'unsatisfiable'
type Row = readonly [range: string, expected: Expected]

const RANGES: readonly Row[] = [
  ['bytes=0-3', [0, 3]],
  ['bytes=3-3', [3, 3]],
  ['bytes=7-', [7, 9]],
  ['bytes=0-', [0, 9]],
  ['bytes=5-99', [5, 9]],
  ['bytes=0-99999999999999999999', [0, 9]],
  ['bytes=-3', [7, 9]],
  ['bytes=-99', [0, 9]],
  ['bytes=9-9', [9, 9]],
  ['BYTES=0-3', [0, 3]],
  ['bytes=10-', 'unsatisfiable'],
  ['bytes=99-100', 'unsatisfiable'],
  ['bytes=-0', 'unsatisfiable'],
  ['bytes=4-3', 'whole'],
  ['bytes=a-b', 'whole'],
  ['bytes=', 'whole'],
  ['bytes', 'whole'],
  ['bytes=-', 'whole'],
  ['bytes=1', 'whole'],
  ['bytes=--1', 'whole'],
  ['lines=0-3', 'whole'],
  ['bytes=0-1, 4-5', 'whole']
]

async function checkAnswer (
  t: Test, { get }: Proxied, path: string, headers: Readonly<Record<string, string>>, expected: Expected
): Promise<void> {
  const rule = `${path} ${JSON.stringify(headers)}`
  const answer = await get(path, headers)
  if (expected === 'whole') {
    t.match(answer, { status: 200, body: TEXT, headers: { 'content-range': undefined, 'content-length': '10' } }, rule)
  } else if (expected === 'unsatisfiable') {
    t.match(answer, { status: 416, headers: { 'content-range': 'bytes */10' } }, rule)
    t.not(answer.body, TEXT, rule)
  } else {
    const [first, last] = expected
    t.match(answer, { status: 206, body: TEXT.slice(first, last + 1), headers: HEADERS }, rule)
    t.match(answer.headers, {
      'content-range': `bytes ${first}-${last}/10`, 'content-length': String(last - first + 1), date: /GMT/
    }, rule)
  }
}

t.test('RFC 9110 14: a range of what is stored', async (t) => {
  stopClock(t)
  const proxied = await proxiedApp(t)
  proxied.origin.on('/', { headers: HEADERS, body: TEXT })
  await proxied.get('/')
  for (const [range, expected] of RANGES) await checkAnswer(t, proxied, '/', { range }, expected)
  t.equal(proxied.origin.requests('/').length, 1)
})

t.test('RFC 9110 14: a range on a miss of an origin that sends the whole, which is stored', async (t) => {
  stopClock(t)
  const proxied = await proxiedApp(t)
  for (const [i, [range, expected]] of RANGES.entries()) {
    const path = `/${i}`
    proxied.origin.on(path, { headers: HEADERS, body: TEXT })
    await checkAnswer(t, proxied, path, { range }, expected)
    const next = await proxied.get(path)
    t.match({ hit: isHit(next), status: next.status, body: next.body }, { hit: true, status: 200, body: TEXT }, range)
    t.equal(proxied.origin.requests(path)[0]?.headers.range, range, 'the origin is asked for no more')
  }
})

t.test('RFC 9110 14: a range after a validation', async (t) => {
  const clock = stopClock(t)
  const proxied = await proxiedApp(t)
  for (const [i, [range, expected]] of RANGES.entries()) {
    const path = `/${i}`
    proxied.origin.on(path, { headers: HEADERS, body: TEXT }, { status: 304, headers: { etag: '"1"' } })
    await proxied.get(path)
    clock.advance(60)
    await checkAnswer(t, proxied, path, { range }, expected)
    t.equal(proxied.origin.requests(path)[1]?.headers.range, undefined, range)
  }
})

t.test('RFC 9110 13.1.5: If-Range', async (t) => {
  const clock = stopClock(t)
  const proxied = await proxiedApp(t)
  const now: Clock['at'] = clock.at
  const rows: readonly (readonly [stored: Fields, ifRange: string, holds: boolean])[] = [
    [{ etag: '"1"' }, '"1"', true],
    [{ etag: '"1"' }, '"2"', false],
    [{ etag: '"1"' }, 'W/"1"', false],
    [{ etag: 'W/"1"' }, 'W/"1"', false],
    [{ etag: 'W/"1"' }, '"1"', false],
    [{ etag: '"1"', 'last-modified': MODIFIED }, MODIFIED, true],
    [{ 'last-modified': MODIFIED }, 'Fri, 02 Jan 2015 00:00:00 GMT', false],
    [{ 'last-modified': MODIFIED }, 'Wed, 31 Dec 2014 00:00:00 GMT', false],
    [{ 'last-modified': now(0) }, now(0), false],
    [{ 'last-modified': MODIFIED }, '"1"', false],
    [{ etag: '"1"' }, MODIFIED, false],
    [{ etag: '"1"' }, 'nothing', false]
  ]
  for (const [i, [stored, ifRange, holds]] of rows.entries()) {
    const path = `/${i}`
    proxied.origin.on(path, { headers: { 'cache-control': 'max-age=60', ...stored }, body: TEXT })
    await proxied.get(path)
    const answer = await proxied.get(path, { range: 'bytes=0-3', 'if-range': ifRange })
    t.match(answer, holds ? { status: 206, body: '0123' } : { status: 200, body: TEXT }, `${JSON.stringify(stored)}, If-Range: ${ifRange}`)
  }
})

t.test('RFC 9110 13.2.2: If-None-Match goes before Range', async (t) => {
  stopClock(t)
  const { origin, get } = await proxiedApp(t)
  origin.on('/', { headers: HEADERS, body: TEXT })
  await get('/')
  t.equal((await get('/', { range: 'bytes=0-3', 'if-none-match': '"1"' })).status, 304)
  t.equal((await get('/', { range: 'bytes=0-3', 'if-none-match': '"2"' })).status, 206)
  t.equal((await get('/', { range: 'bytes=99-', 'if-none-match': '"1"' })).status, 304)
})

t.test('RFC 9110 14.2: Range is for GET, and for what is 200', async (t) => {
  stopClock(t)
  const { origin, get, send } = await proxiedApp(t)
  origin.on('/', { headers: HEADERS, body: TEXT })
  origin.on('/missing', { status: 404, headers: HEADERS, body: TEXT })
  await get('/')
  await get('/missing')
  t.match(await send('HEAD', '/', { headers: { range: 'bytes=0-3' } }), { status: 200, headers: { 'content-length': '10', 'content-range': undefined } })
  t.match(await get('/missing', { range: 'bytes=0-3' }), { status: 404, body: TEXT })
})

t.test('RFC 9110 14.1.2: nothing has no range', async (t) => {
  stopClock(t)
  const { origin, get } = await proxiedApp(t)
  origin.on('/', { headers: HEADERS, body: '' })
  await get('/')
  t.match(await get('/', { range: 'bytes=0-' }), { status: 416, headers: { 'content-range': 'bytes */0' } })
  t.match(await get('/', { range: 'bytes=-5' }), { status: 200, body: '' })
})

t.test('RFC 9110 14.2: parts of a larger body are its bytes', async (t) => {
  stopClock(t)
  const { origin, get } = await proxiedApp(t)
  const body = Buffer.from(Array.from({ length: 100_000 }, (_, i) => i % 251))
  origin.on('/', { headers: { ...HEADERS, 'content-type': 'application/octet-stream' }, body: [body.subarray(0, 60_000), body.subarray(60_000)] })
  await get('/')
  for (const [first, last] of [[0, 0], [59_990, 60_010], [99_999, 99_999], [1, 99_998]] as const) {
    const part = await get('/', { range: `bytes=${first}-${last}` })
    t.equal(part.status, 206)
    t.equal(part.body, body.subarray(first, last + 1).toString('latin1'))
  }
})
