import t, { type Test } from 'tap'
import { isHit } from './cache-status.js'
import { type Clock, stopClock } from './clock.js'
import { type Fields } from './origin.js'
import { type Proxied, proxiedApp } from './proxied-app.js'

const TEXT = '0123456789'
const MODIFIED = 'Thu, 01 Jan 2015 00:00:00 GMT'

const HEADERS = {
  'cache-control': 'max-age=60',
  etag: '"1"',
  'last-modified': MODIFIED,
  'content-type': 'text/plain'
}

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
  t: Test,
  { get }: Proxied,
  path: string,
  headers: Readonly<Record<string, string>>,
  expected: Expected
): Promise<void> {
  const rule = `${path} ${JSON.stringify(headers)}`
  const answer = await get(path, headers)
  if (expected === 'whole') {
    t.match(
      answer,
      { status: 200, body: TEXT, headers: { 'content-range': undefined, 'content-length': '10' } },
      rule
    )
  } else if (expected === 'unsatisfiable') {
    t.match(answer, { status: 416, headers: { 'content-range': 'bytes */10' } }, rule)
    t.not(answer.body, TEXT, rule)
  } else {
    const [first, last] = expected
    t.match(answer, { status: 206, body: TEXT.slice(first, last + 1), headers: HEADERS }, rule)
    t.match(
      answer.headers,
      {
        'content-range': `bytes ${first}-${last}/10`,
        'content-length': String(last - first + 1),
        date: /GMT/
      },
      rule
    )
  }
}

t.test('RFC 9110 14: a range of a stored response', async (t) => {
  stopClock(t)
  const proxied = await proxiedApp(t)
  proxied.origin.on('/', { headers: HEADERS, body: TEXT })
  await proxied.get('/')
  for (const [range, expected] of RANGES) await checkAnswer(t, proxied, '/', { range }, expected)
  t.equal(proxied.origin.requests('/').length, 1)
})

t.test(
  'RFC 9110 14: a range on a miss: the origin sends the whole, which is stored',
  async (t) => {
    stopClock(t)
    const proxied = await proxiedApp(t)
    for (const [i, [range, expected]] of RANGES.entries()) {
      const path = `/${i}`
      proxied.origin.on(path, { headers: HEADERS, body: TEXT })
      await checkAnswer(t, proxied, path, { range }, expected)
      const next = await proxied.get(path)
      t.match(
        { hit: isHit(next), status: next.status, body: next.body },
        { hit: true, status: 200, body: TEXT },
        range
      )
      t.equal(
        proxied.origin.requests(path)[0]?.headers.range,
        range,
        'the origin is asked for no more'
      )
    }
  }
)

t.test('RFC 9110 14: a range after a validation', async (t) => {
  const clock = stopClock(t)
  const proxied = await proxiedApp(t)
  for (const [i, [range, expected]] of RANGES.entries()) {
    const path = `/${i}`
    proxied.origin.on(
      path,
      { headers: HEADERS, body: TEXT },
      { status: 304, headers: { etag: '"1"' } }
    )
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
    t.match(
      answer,
      holds ? { status: 206, body: '0123' } : { status: 200, body: TEXT },
      `${JSON.stringify(stored)}, If-Range: ${ifRange}`
    )
  }
})

t.test('RFC 9110 13.2.2: If-None-Match precedes Range', async (t) => {
  stopClock(t)
  const { origin, get } = await proxiedApp(t)
  origin.on('/', { headers: HEADERS, body: TEXT })
  await get('/')
  t.equal((await get('/', { range: 'bytes=0-3', 'if-none-match': '"1"' })).status, 304)
  t.equal((await get('/', { range: 'bytes=0-3', 'if-none-match': '"2"' })).status, 206)
  t.equal((await get('/', { range: 'bytes=99-', 'if-none-match': '"1"' })).status, 304)
})

t.test('RFC 9110 14.2: Range applies to GET and to a 200', async (t) => {
  stopClock(t)
  const { origin, get, send } = await proxiedApp(t)
  origin.on('/', { headers: HEADERS, body: TEXT })
  origin.on('/missing', { status: 404, headers: HEADERS, body: TEXT })
  await get('/')
  await get('/missing')
  t.match(await send('HEAD', '/', { headers: { range: 'bytes=0-3' } }), {
    status: 200,
    headers: { 'content-length': '10', 'content-range': undefined }
  })
  t.match(await get('/missing', { range: 'bytes=0-3' }), { status: 404, body: TEXT })
})

t.test('RFC 9110 14.1.2: an empty body has no ranges', async (t) => {
  stopClock(t)
  const { origin, get } = await proxiedApp(t)
  origin.on('/', { headers: HEADERS, body: '' })
  await get('/')
  t.match(await get('/', { range: 'bytes=0-' }), {
    status: 416,
    headers: { 'content-range': 'bytes */0' }
  })
  t.match(await get('/', { range: 'bytes=-5' }), { status: 200, body: '' })
})

t.test('RFC 9110 14.2: parts of a larger body have the right bytes', async (t) => {
  stopClock(t)
  const { origin, get } = await proxiedApp(t)
  const body = Buffer.from(Array.from({ length: 100_000 }, (_, i) => i % 251))
  origin.on('/', {
    headers: { ...HEADERS, 'content-type': 'application/octet-stream' },
    body: [body.subarray(0, 60_000), body.subarray(60_000)]
  })
  await get('/')
  for (const [first, last] of [[0, 0], [59_990, 60_010], [99_999, 99_999], [1, 99_998]] as const) {
    const part = await get('/', { range: `bytes=${first}-${last}` })
    t.equal(part.status, 206)
    t.equal(part.body, body.subarray(first, last + 1).toString('latin1'))
  }
})

const LARGE = '0123456789'.repeat(100)

/** Fields of a 206 that describe the representation. */
const REPRESENTATION: Fields = {
  ...HEADERS,
  expires: 'Thu, 01 Jan 2099 00:00:00 GMT',
  vary: 'accept',
  'content-location': '/other',
  'content-language': 'de',
  'accept-ranges': 'bytes',
  'x-own': '1'
}

t.test('RFC 9110 15.3.7, 15.5.17: fields of a 206 and a 416', async (t) => {
  const clock = stopClock(t)
  const { origin, get } = await proxiedApp(t)
  origin.on('/', { headers: REPRESENTATION, body: LARGE })
  const { headers: { date } } = await get('/')
  clock.advance(5)
  const { 'content-type': type, ...rest } = REPRESENTATION
  const one = await get('/', { range: 'bytes=0-9' })
  t.match(one, {
    status: 206,
    headers: {
      ...rest,
      'content-type': type,
      'content-range': 'bytes 0-9/1000',
      'content-length': '10',
      date,
      age: '5'
    }
  })
  const several = await get('/', { range: 'bytes=0-9,500-509' })
  t.match(several, {
    status: 206,
    headers: {
      ...rest,
      'content-type': /^multipart\/byteranges/,
      'content-range': undefined,
      date,
      age: '5'
    }
  })
  t.equal(several.headers['content-length'], String(several.body.length))
  const none = await get('/', { range: 'bytes=1000-' })
  t.match(none, {
    status: 416,
    body: /"status":416,"detail":".*1000 available bytes/,
    headers: {
      'content-range': 'bytes */1000',
      'content-type': 'application/problem+json',
      'content-length': String(none.body.length),
      'cache-control': undefined,
      expires: undefined
    }
  })
})

/** Several ranges, and the spans in the response, in its order. */
const SEVERAL: readonly (readonly [
  rule: string,
  ranges: string,
  spans: readonly (readonly [first: number, last: number])[] | 'whole' | 'unsatisfiable'
])[] = [
  [
    'in the order of the request',
    'bytes=-10,0-9',
    [
      [990, 999],
      [0, 9]
    ]
  ],
  [
    'with whitespace and empty members',
    'bytes=0-9 , ,20-29',
    [
      [0, 9],
      [20, 29]
    ]
  ],
  ['that overlap are one', 'bytes=0-50,40-60', [[0, 60]]],
  ['that meet are one', 'bytes=0-49,50-60', [[0, 60]]],
  [
    'of which two overlap',
    'bytes=90-99,0-50,40-60',
    [
      [0, 60],
      [90, 99]
    ]
  ],
  ['of which one is there', 'bytes=0-9,5000-', [[0, 9]]],
  ['of which none is there', 'bytes=4000-,5000-', 'unsatisfiable'],
  ['of which one is invalid', 'bytes=0-9,5-2', 'whole'],
  ['that take more than the whole', 'bytes=0-499,501-999', 'whole']
]

t.test('RFC 9110 14.1.1, 15.3.7.2: several ranges of a stored response', async (t) => {
  stopClock(t)
  const { origin, get } = await proxiedApp(t)
  origin.on('/', { headers: HEADERS, body: LARGE })
  await get('/')
  for (const [rule, range, expected] of SEVERAL) {
    const { status, headers, body } = await get('/', { range })
    if (expected === 'whole') t.match({ status, body }, { status: 200, body: LARGE }, rule)
    else if (expected === 'unsatisfiable') {
      t.match(
        { status, range: headers['content-range'] },
        { status: 416, range: 'bytes */1000' },
        rule
      )
    } else if (expected.length === 1) {
      const [first, last] = expected[0] ?? [0, 0]
      t.match({ status, body }, { status: 206, body: LARGE.slice(first, last + 1) }, rule)
      t.match(
        headers,
        { 'content-range': `bytes ${first}-${last}/1000`, 'content-type': 'text/plain' },
        `${rule}: no multipart`
      )
    } else {
      t.equal(status, 206, rule)
      const spans = [
        ...body.matchAll(/^content-range: bytes (\d+)-(\d+)\/1000\r\n\r\n(.*)\r\n--/gm)
      ].map(([, first, last, bytes]) => [Number(first), Number(last), bytes])
      t.strictSame(
        spans,
        expected.map(([first, last]) => [first, last, LARGE.slice(first, last + 1)]),
        rule
      )
    }
  }
  t.equal(origin.requests('/').length, 1)
})

t.test('RFC 9110 17.15: more than 20 ranges are ignored', async (t) => {
  const { origin, get } = await proxiedApp(t)
  const body = TEXT.repeat(1000)
  origin.on('/', { headers: HEADERS, body })
  await get('/')
  const ranges = (count: number) =>
    `bytes=${Array.from({ length: count }, (_, i) => `${i * 100}-${i * 100}`).join()}`
  t.equal((await get('/', { range: ranges(20) })).status, 206)
  t.match(await get('/', { range: ranges(21) }), { status: 200, body })
})

t.test('RFC 9110 14.3: Accept-Ranges is that of the origin', async (t) => {
  const { origin, get } = await proxiedApp(t)
  for (const [path, field] of [
    ['/bytes', 'bytes'],
    ['/none', 'none'],
    ['/absent', undefined]
  ] as const) {
    origin.on(path, { headers: { ...HEADERS, 'accept-ranges': field }, body: TEXT })
    for (const answer of [await get(path), await get(path)]) {
      t.equal(answer.headers['accept-ranges'], field, path)
    }
    t.equal(
      (await get(path, { range: 'bytes=0-3' })).status,
      206,
      `${path}: a cache serves parts of what it has stored`
    )
  }
})

t.test('RFC 9110 14.5: a partial PUT is left to the origin', async (t) => {
  const { origin, send } = await proxiedApp(t)
  const headers = { 'content-range': 'bytes 0-3/10', 'content-type': 'text/plain' }
  origin.on('/', { status: 400, body: 'no parts' })
  t.match(await send('PUT', '/', { headers, body: '0123' }), { status: 400, body: 'no parts' })
  t.match(origin.requests('/')[0], { method: 'PUT', headers, body: '0123' })
})

t.test(
  'RFC 9110 14.4: a 206 with an unusable Content-Range is forwarded, and not combined with stored parts',
  async (t) => {
    stopClock(t)
    const { origin, get } = await proxiedApp(t)
    const first = {
      status: 206,
      headers: { ...HEADERS, 'content-range': 'bytes 0-3/10' },
      body: '0123'
    }
    for (const [i, field] of [
      'lines 0-4/10',
      'bytes 9-4/10',
      'bytes 4-9/9',
      'bytes 4-9/*',
      'bytes 4-9'
    ].entries()) {
      const path = `/${i}`
      const odd = { status: 206, headers: { ...HEADERS, 'content-range': field }, body: '456789' }
      origin.on(`${path}/alone`, odd, odd)
      for (const time of ['first', 'second']) {
        t.match(await get(`${path}/alone`, { range: 'bytes=4-9' }), odd, `${field}, ${time}`)
      }
      origin.on(path, first, odd, { headers: HEADERS, body: TEXT })
      await get(path, { range: 'bytes=0-3' })
      t.match(await get(path), { status: 200, body: TEXT }, `${field}: the whole is fetched`)
      t.strictSame(
        origin.requests(path).map(({ headers }) => headers.range),
        ['bytes=0-3', 'bytes=4-', undefined],
        field
      )
    }
  }
)

t.test('RFC 9111 3.4: the header fields of a later part apply to all parts', async (t) => {
  stopClock(t)
  const { origin, get } = await proxiedApp(t)
  const part = (range: string, body: string, fields: Fields) => ({
    status: 206,
    headers: { ...HEADERS, ...fields, 'content-range': range },
    body
  })
  origin.on(
    '/',
    part('bytes 0-3/10', '0123', { 'x-a': '1', 'x-b': '1' }),
    part('bytes 4-9/10', '456789', { 'x-a': '2' })
  )
  await get('/', { range: 'bytes=0-3' })
  for (const answer of [await get('/'), await get('/')]) {
    t.match(answer, {
      status: 200,
      body: TEXT,
      headers: { 'x-a': '2', 'x-b': '1', 'content-length': '10', 'content-range': undefined }
    })
  }
  t.ok(isHit(await get('/', { range: 'bytes=2-5' })))
})
