import t, { type Test } from 'tap'
import { type Answer } from './client.js'
import { isHit, ours } from './cache-status.js'
import { stopClock } from './clock.js'
import { type Fields, type OriginRequest, type Scripted } from './origin.js'
import { type Proxied, proxiedApp } from './proxied-app.js'
import { gate } from './tally.js'
import { twoApps } from './two-apps.js'

const TEXT = '0123456789'.repeat(100)
const FRESH = { 'cache-control': 'max-age=60', etag: '"1"', 'content-type': 'text/plain' }

/** An origin that supports single ranges and conditions (RFC 9110 13, 14). */
function ranged (text: string, headers: Fields): (request: OriginRequest) => Scripted {
  return (request) => {
    const tag = headers['etag']
    if (tag !== undefined && request.headers['if-none-match'] === tag) {
      return { status: 304, headers }
    }
    const [, first, last = ''] = /^bytes=(\d*)-(\d*)$/.exec(request.headers.range ?? '') ?? []
    const holds =
      request.headers['if-range'] === undefined ||
      [tag, headers['last-modified']].includes(request.headers['if-range'])
    if (first === undefined || !holds) return { headers, body: text }
    const from = first === '' ? text.length - Number(last) : Number(first)
    const to =
      first === '' || last === '' ? text.length - 1 : Math.min(Number(last), text.length - 1)
    if (from >= text.length) {
      return { status: 416, headers: { 'content-range': `bytes */${text.length}` } }
    }
    return {
      status: 206,
      headers: { ...headers, 'content-range': `bytes ${from}-${to}/${text.length}` },
      body: text.slice(from, to + 1)
    }
  }
}

const asked = ({ headers }: OriginRequest): object =>
  Object.fromEntries(
    ['range', 'if-range', 'if-none-match', 'if-modified-since']
      .filter((name) => headers[name] !== undefined)
      .map((name) => [name, headers[name]])
  )

function checkPart (
  t: Test,
  answer: Answer,
  [first, last]: readonly [number, number],
  message: string
): void {
  t.match(answer, { status: 206, body: TEXT.slice(first, last + 1) }, message)
  t.match(
    answer.headers,
    {
      'content-range': `bytes ${first}-${last}/${TEXT.length}`,
      'content-length': String(last - first + 1),
      ...FRESH
    },
    message
  )
}

/**
 * Consecutive requests: the range of each, the part that it gets, and the requests that the origin
 * gets meanwhile.
 */
const SEQUENCES: readonly (readonly (readonly [
  range: string | undefined,
  part: readonly [number, number] | 'whole',
  origin: object | undefined
])[])[] = [
  [
    ['bytes=0-99', [0, 99], { range: 'bytes=0-99' }],
    ['bytes=0-99', [0, 99], undefined],
    ['bytes=10-19', [10, 19], undefined],
    ['bytes=50-149', [50, 149], { range: 'bytes=100-149', 'if-range': '"1"' }],
    ['bytes=0-149', [0, 149], undefined],
    [undefined, 'whole', { range: 'bytes=150-', 'if-range': '"1"' }],
    [undefined, 'whole', undefined],
    ['bytes=500-501', [500, 501], undefined]
  ],
  [
    ['bytes=-100', [900, 999], { range: 'bytes=-100' }],
    ['bytes=950-', [950, 999], undefined],
    ['bytes=-1', [999, 999], undefined],
    ['bytes=0-9', [0, 9], { range: 'bytes=0-9', 'if-range': '"1"' }],
    ['bytes=0-', [0, 999], { range: 'bytes=10-899', 'if-range': '"1"' }],
    [undefined, 'whole', undefined]
  ],
  [
    ['bytes=0-9', [0, 9], { range: 'bytes=0-9' }],
    ['bytes=20-29', [20, 29], { range: 'bytes=20-29', 'if-range': '"1"' }],
    ['bytes=5-24', [5, 24], { range: 'bytes=10-19', 'if-range': '"1"' }],
    ['bytes=0-29', [0, 29], undefined],
    ['bytes=0-999', [0, 999], { range: 'bytes=30-', 'if-range': '"1"' }],
    [undefined, 'whole', undefined]
  ]
]

async function checkSequence (
  t: Test,
  proxies: readonly Proxied[],
  path: string,
  sequence: (typeof SEQUENCES)[number]
): Promise<void> {
  const { origin } = proxies[0] as Proxied
  origin.always(path, ranged(TEXT, FRESH))
  for (const [i, [range, part, expected]] of sequence.entries()) {
    const before = origin.requests(path).length
    const { get } = proxies[i % proxies.length] as Proxied
    const answer = await get(path, { ...(range !== undefined && { range }) })
    const message = `${path} ${i}: ${range ?? 'all'}`
    if (part === 'whole') {
      t.match(
        answer,
        {
          status: 200,
          body: TEXT,
          headers: { 'content-range': undefined, 'content-length': '1000', ...FRESH }
        },
        message
      )
    } else checkPart(t, answer, part, message)
    t.strictSame(
      origin.requests(path).slice(before).map(asked),
      expected === undefined ? [] : [expected],
      message
    )
    t.equal(isHit(answer), expected === undefined, message)
    if (expected !== undefined && i > 0) {
      t.match(ours(answer), { fwd: 'partial', 'fwd-status': 206, stored: true }, message)
    }
  }
}

t.test(
  'RFC 9111 3.3, 3.4: parts are stored and combined, and no byte is fetched twice',
  async (t) => {
    stopClock(t)
    const proxied = await proxiedApp(t)
    for (const [i, sequence] of SEQUENCES.entries()) {
      await checkSequence(t, [proxied], `/${i}`, sequence)
    }
  }
)

t.test('two instances share parts', async (t) => {
  stopClock(t)
  const proxies = await twoApps(t)
  for (const [i, sequence] of SEQUENCES.entries()) {
    await checkSequence(t, proxies, `/${i}`, sequence)
  }
})

t.test(
  'any requested ranges get their bytes, and the origin sends each byte once',
  async (t) => {
    stopClock(t)
    const { origin, get } = await proxiedApp(t)
    let seed = 3
    const random = (below: number) => {
      seed = (seed * 1103515245 + 12345) % 2 ** 31
      return Math.floor((seed / 2 ** 31) * below)
    }
    for (let round = 0; round < 10; round++) {
      const path = `/random/${round}`
      origin.always(path, ranged(TEXT, FRESH))
      for (let i = 0; i < 12; i++) {
        const first = random(TEXT.length)
        const last = first + random(TEXT.length - first)
        checkPart(
          t,
          await get(path, { range: `bytes=${first}-${last}` }),
          [first, last],
          `${path} ${first}-${last}`
        )
      }
      t.match(await get(path), { status: 200, body: TEXT }, path)
      t.ok(isHit(await get(path)), path)
    }
  }
)

t.test(
  'RFC 9111 3.4: parts with another strong validator, or with none, are never combined',
  async (t) => {
    stopClock(t)
    const { origin, get } = await proxiedApp(t)
    const other = TEXT.replaceAll('0', 'x')
    const MODIFIED = 'Thu, 01 Jan 2015 00:00:00 GMT'
    const rows: readonly (readonly [rule: string, first: Fields, second: Fields])[] = [
      ['another tag', { etag: '"1"' }, { etag: '"2"' }],
      [
        'another date',
        { 'last-modified': MODIFIED },
        { 'last-modified': 'Fri, 02 Jan 2015 00:00:00 GMT' }
      ],
      ['weak tags', { etag: 'W/"1"' }, { etag: 'W/"1"' }],
      ['no validator', {}, {}],
      ['a tag of odd form', { etag: '1' }, { etag: '1' }]
    ]
    for (const [i, [rule, first, second]] of rows.entries()) {
      for (const range of [undefined, 'bytes=50-149']) {
        const path = `/${i}/${String(range)}`
        const fresh = { 'cache-control': 'max-age=60' }
        origin.on(path, ranged(TEXT, { ...fresh, ...first }))
        origin.always(path, ranged(other, { ...fresh, ...second }))
        t.match(
          await get(path, { range: 'bytes=0-99' }),
          { status: 206, body: TEXT.slice(0, 100) },
          rule
        )
        const answer = await get(path, { ...(range !== undefined && { range }) })
        t.match(
          answer.status === 206 ? other.slice(50, 150) : other,
          answer.body,
          `${rule}: not a byte of the other one`
        )
        t.match(await get(path), { status: 200, body: other }, rule)
      }
    }
  }
)

t.test(
  'RFC 9111 3.4: an origin that violates If-Range is asked for the whole response',
  async (t) => {
    stopClock(t)
    const { origin, get } = await proxiedApp(t)
    const wrong: readonly Scripted[] = [
      {
        status: 206,
        headers: { ...FRESH, etag: '"2"', 'content-range': 'bytes 100-999/1000' },
        body: TEXT.slice(100)
      },
      {
        status: 206,
        headers: { ...FRESH, 'content-range': 'bytes 100-999/2000' },
        body: TEXT.slice(100)
      },
      {
        status: 206,
        headers: { ...FRESH, 'content-range': 'bytes 100-999/1000' },
        body: TEXT.slice(101)
      },
      { status: 206, headers: FRESH, body: TEXT.slice(100) },
      {
        status: 206,
        headers: { ...FRESH, 'content-range': 'bytes 100-199/1000' },
        body: TEXT.slice(100, 200)
      },
      { status: 416, headers: { 'content-range': 'bytes */1000' } },
      { status: 304, headers: FRESH }
    ]
    for (const [i, answer] of wrong.entries()) {
      const path = `/${i}`
      origin.on(path, ranged(TEXT, FRESH), answer, { headers: FRESH, body: TEXT })
      await get(path, { range: 'bytes=0-99' })
      t.match(
        await get(path),
        { status: 200, body: TEXT, complete: true },
        JSON.stringify(answer.headers)
      )
      t.equal(origin.requests(path).length, 3)
      t.strictSame(asked(origin.requests(path)[2] as OriginRequest), {}, 'without conditions')
    }
  }
)

t.test(
  'RFC 9111 3.3: an incomplete part, or one without a position, is forwarded and not stored',
  async (t) => {
    stopClock(t)
    const { origin, get } = await proxiedApp(t)
    const rows: readonly Scripted[] = [
      {
        status: 206,
        headers: { ...FRESH, 'content-range': 'bytes 0-99/1000' },
        body: TEXT.slice(0, 50)
      },
      {
        status: 206,
        headers: { ...FRESH, 'content-range': 'bytes 0-99/*' },
        body: TEXT.slice(0, 100)
      },
      {
        status: 206,
        headers: { ...FRESH, 'content-type': 'multipart/byteranges; boundary=x' },
        body: '--x--'
      },
      {
        status: 206,
        headers: { ...FRESH, 'cache-control': 'no-store', 'content-range': 'bytes 0-99/1000' },
        body: TEXT.slice(0, 100)
      },
      {
        status: 206,
        headers: { ...FRESH, 'cache-control': 'private', 'content-range': 'bytes 0-99/1000' },
        body: TEXT.slice(0, 100)
      }
    ]
    for (const [i, answer] of rows.entries()) {
      const path = `/${i}`
      origin.on(path, answer, answer, { headers: FRESH, body: TEXT })
      for (const time of ['first', 'second']) {
        t.match(
          await get(path, { range: 'bytes=0-99' }),
          { status: 206, body: answer.body, headers: answer.headers },
          `${i} ${time}`
        )
      }
      t.strictSame(origin.requests(path).map(asked), [
        { range: 'bytes=0-99' },
        { range: 'bytes=0-99' }
      ])
      t.match(await get(path), { status: 200, body: TEXT })
    }
  }
)

t.test('RFC 9111 4.3: stale parts are validated or replaced', async (t) => {
  const clock = stopClock(t)
  const { origin, get } = await proxiedApp(t)
  origin.always('/', ranged(TEXT, FRESH))
  await get('/', { range: 'bytes=0-99' })
  clock.advance(60)
  checkPart(t, await get('/', { range: 'bytes=0-9' }), [0, 9], 'validated')
  t.match(asked(origin.requests('/').at(-1) as OriginRequest), {
    'if-none-match': '"1"',
    range: 'bytes=0-9'
  })
  t.ok(isHit(await get('/', { range: 'bytes=90-99' })), 'all that was stored is fresh again')
  clock.advance(60)
  checkPart(
    t,
    await get('/', { range: 'bytes=90-109' }),
    [90, 109],
    'completed, which validates as well'
  )
  t.ok(isHit(await get('/', { range: 'bytes=0-109' })))
  clock.advance(60)
  const other = TEXT.replaceAll('0', 'x')
  origin.always('/', ranged(other, { ...FRESH, etag: '"2"' }))
  t.match(await get('/', { range: 'bytes=0-9' }), {
    status: 206,
    body: other.slice(0, 10),
    headers: { etag: '"2"' }
  })
  t.match(await get('/', { range: 'bytes=0-109' }), { status: 206, body: other.slice(0, 110) })
})

t.test(
  'a write invalidates parts like whole responses, even during their completion',
  async (t) => {
    stopClock(t)
    const { origin, get, send } = await proxiedApp(t)
    const { open, opened } = gate()
    origin.on(
      '/',
      ranged(TEXT, FRESH),
      { status: 204 },
      ranged(TEXT, FRESH),
      {
        status: 206,
        headers: { ...FRESH, 'content-range': 'bytes 100-999/1000' },
        body: TEXT.slice(100),
        after: opened
      },
      { status: 204 },
      { headers: { ...FRESH, etag: '"2"' }, body: 'new' }
    )
    await get('/', { range: 'bytes=0-99' })
    await send('PUT', '/', { body: 'x' })
    t.notOk(isHit(await get('/', { range: 'bytes=0-99' })))
    const slow = get('/')
    await origin.received('/', 4)
    await send('PUT', '/', { body: 'x' })
    open()
    t.match(await slow, { status: 200, body: TEXT })
    t.match(await get('/'), { status: 200, body: 'new' })
  }
)

t.test(
  'many requests for the whole of a partial response fetch the rest once',
  async (t) => {
    stopClock(t)
    const { origin, get, arrived } = await proxiedApp(t)
    const { open, opened } = gate()
    origin.on('/', ranged(TEXT, FRESH), {
      status: 206,
      headers: { ...FRESH, 'content-range': 'bytes 100-999/1000' },
      body: TEXT.slice(100),
      after: opened
    })
    await get('/', { range: 'bytes=0-99' })
    const answers = [1, 2, 3, 4].map(() => get('/'))
    await arrived('/', 5)
    open()
    for (const answer of await Promise.all(answers)) t.match(answer, { status: 200, body: TEXT })
    t.equal(origin.requests('/').length, 2)
  }
)

t.test('RFC 9111 4.1: parts of variants are kept apart', async (t) => {
  stopClock(t)
  const { origin, get } = await proxiedApp(t)
  origin.always('/', (request) => {
    const { accept = '-' } = request.headers
    return ranged(TEXT.replaceAll('0', accept), { ...FRESH, vary: 'accept', etag: `"${accept}"` })(
      request
    )
  })
  for (const accept of ['a', 'b', 'a', 'b']) {
    t.match(
      await get('/', { accept, range: 'bytes=0-9' }),
      { status: 206, body: `${accept}123456789` },
      accept
    )
  }
  t.equal(origin.requests('/').length, 2)
  for (const accept of ['a', 'b']) {
    t.match(await get('/', { accept }), { status: 200, body: TEXT.replaceAll('0', accept) })
  }
  t.strictSame(
    origin.requests('/').slice(2).map(asked),
    ['a', 'b'].map((tag) => ({ range: 'bytes=10-', 'if-range': `"${tag}"` }))
  )
})

t.test('RFC 9110 14.2: HEAD has no range, and is not answered from parts', async (t) => {
  stopClock(t)
  const { origin, get, send } = await proxiedApp(t)
  origin.always('/', ranged(TEXT, FRESH))
  await get('/', { range: 'bytes=0-99' })
  t.match(await send('HEAD', '/'), {
    status: 200,
    headers: { 'content-length': '1000', 'cache-status': /fwd=partial/ }
  })
})

t.test(
  'RFC 9111 5.2.1.7: only-if-cached gets stored parts, and a 504 otherwise',
  async (t) => {
    stopClock(t)
    const { origin, get } = await proxiedApp(t)
    origin.always('/', ranged(TEXT, FRESH))
    await get('/', { range: 'bytes=0-99' })
    const only = { 'cache-control': 'only-if-cached' }
    checkPart(t, await get('/', { ...only, range: 'bytes=10-19' }), [10, 19], 'stored')
    for (const headers of [only, { ...only, range: 'bytes=90-109' }]) {
      t.equal((await get('/', headers)).status, 504)
    }
    t.equal(origin.requests('/').length, 1)
  }
)

t.test('RFC 9111 4.3.2: parts answer conditions', async (t) => {
  stopClock(t)
  const { origin, get } = await proxiedApp(t)
  origin.always('/', ranged(TEXT, FRESH))
  await get('/', { range: 'bytes=0-99' })
  for (const headers of [{}, { range: 'bytes=0-9' }, { range: 'bytes=500-' }]) {
    const answer = await get('/', { 'if-none-match': '"1"', ...headers })
    t.match(
      { ...answer, hit: isHit(answer) },
      { status: 304, hit: true, headers: { 'content-range': undefined } }
    )
  }
})

t.test("RFC 9110 14.2: the origin's 416 is sent only to its client", async (t) => {
  stopClock(t)
  const { origin, get } = await proxiedApp(t)
  origin.always('/', ranged(TEXT, FRESH))
  t.match(await get('/', { range: 'bytes=5000-' }), {
    status: 416,
    headers: { 'content-range': 'bytes */1000' }
  })
  checkPart(t, await get('/', { range: 'bytes=0-99' }), [0, 99], 'a range that is there')
  t.match(await get('/', { range: 'bytes=5000-' }), {
    status: 416,
    headers: { 'content-range': 'bytes */1000', 'cache-status': /; hit/ }
  })
})

t.test('RFC 9110 14.6: several ranges of a stored response are multipart/byteranges', async (t) => {
  stopClock(t)
  const { origin, get } = await proxiedApp(t)
  origin.on('/', { headers: FRESH, body: TEXT })
  await get('/')
  const answer = await get('/', { range: 'bytes=0-9,500-509,-10' })
  t.equal(answer.status, 206)
  const [, boundary = ''] =
    /^multipart\/byteranges; boundary=(\w+)$/.exec(answer.headers['content-type'] ?? '') ?? []
  t.equal(
    answer.body,
    [
      [0, 9],
      [500, 509],
      [990, 999]
    ]
      .map(
        ([first = 0, last = 0]) =>
          `--${boundary}\r\ncontent-type: text/plain\r\ncontent-range: bytes ${first}-${last}/1000\r\n\r\n${TEXT.slice(first, last + 1)}\r\n`
      )
      .join('') + `--${boundary}--\r\n`
  )
  t.match(answer.headers, {
    'content-length': String(answer.body.length),
    'content-range': undefined,
    etag: '"1"'
  })
  t.match(
    await get('/', { range: 'bytes=0-499,501-999' }),
    { status: 200, body: TEXT },
    'larger than the whole'
  )
  t.equal(origin.requests('/').length, 1)
})

t.test('an oversized response is forwarded range by range, from the first one on', async (t) => {
  stopClock(t)
  const { origin, get } = await proxiedApp(t, { maxBodyBytes: 500 })
  origin.always('/', ranged(TEXT, FRESH))
  for (let i = 0; i < 3; i++) {
    checkPart(t, await get('/', { range: 'bytes=0-9' }), [0, 9], `request ${i}`)
    t.match(await get('/', { 'if-none-match': '"1"' }), { status: 304 })
    t.match(await get('/', { range: 'bytes=0-9', 'if-range': '"2"' }), { status: 200, body: TEXT })
  }
  t.strictSame(origin.requests('/').slice(-3).map(asked), [
    { range: 'bytes=0-9' },
    { 'if-none-match': '"1"' },
    { range: 'bytes=0-9', 'if-range': '"2"' }
  ])
  t.match(await get('/'), { status: 200, body: TEXT })
  t.match(ours(await get('/', { range: 'bytes=0-9' })), { fwd: 'bypass', detail: 'TOO_LARGE' })
})

t.test('the size of an oversized URL is forgotten after a minute', async (t) => {
  const clock = stopClock(t)
  const { origin, get } = await proxiedApp(t, { maxBodyBytes: 500 })
  origin.on(
    '/',
    { headers: FRESH, body: TEXT },
    ranged('0123456789', FRESH),
    ranged('0123456789', FRESH)
  )
  await get('/')
  t.match(ours(await get('/', { range: 'bytes=0-4' })), { fwd: 'bypass', detail: 'TOO_LARGE' })
  clock.advance(60)
  t.match(await get('/', { range: 'bytes=0-4' }), { status: 206, body: '01234' })
  t.ok(isHit(await get('/', { range: 'bytes=0-4' })))
})

t.test(
  'a 206 of all bytes makes a whole response, requested or not',
  async (t) => {
    stopClock(t)
    const { origin, get } = await proxiedApp(t)
    for (const [i, range] of ['bytes=0-', 'bytes=-1000', 'bytes=0-999', undefined].entries()) {
      const path = `/${i}`
      const answering = ranged(TEXT, FRESH)
      origin.always(path, (request) =>
        answering({ ...request, headers: { range: 'bytes=0-', ...request.headers } })
      )
      await get(path, { ...(range !== undefined && { range }) })
      const next = await get(path)
      t.match(
        { ...next, hit: isHit(next) },
        {
          status: 200,
          body: TEXT,
          hit: true,
          headers: { 'content-range': undefined, 'content-length': '1000' }
        },
        String(range)
      )
      checkPart(t, await get(path, { range: 'bytes=5-9' }), [5, 9], String(range))
      t.equal(origin.requests(path).length, 1, String(range))
    }
  }
)

t.test(
  'an origin that sends less than requested: clients get that much, and nothing is fetched twice',
  async (t) => {
    stopClock(t)
    const { origin, get } = await proxiedApp(t)
    origin.always('/', ({ headers: { range = '' } }) => {
      const first = Number(/^bytes=(\d+)-/.exec(range)?.[1])
      const last = Math.min(first + 99, 999)
      return {
        status: 206,
        headers: { ...FRESH, 'content-range': `bytes ${first}-${last}/1000` },
        body: TEXT.slice(first, last + 1)
      }
    })
    for (const end of [99, 199, 299]) {
      checkPart(t, await get('/', { range: 'bytes=0-' }), [0, end], String(end))
    }
    checkPart(t, await get('/', { range: 'bytes=250-' }), [250, 399], 'as much as there is now')
    t.strictSame(
      origin.requests('/').map(({ headers }) => headers.range),
      ['bytes=0-', 'bytes=100-', 'bytes=200-', 'bytes=300-']
    )
  }
)

t.test('parts that must no longer be stored are not sent to their client', async (t) => {
  stopClock(t)
  const { origin, get } = await proxiedApp(t)
  const rows: readonly Fields[] = [
    { 'cache-control': 'no-store' },
    { 'cache-control': 'private' },
    { vary: '*' },
    { 'set-cookie': 'a=1' }
  ]
  for (const [i, added] of rows.entries()) {
    for (const [range, part] of [
      ['bytes=-10', [990, 999]],
      ['bytes=50-149', [50, 149]],
      [undefined, undefined]
    ] as const) {
      const path = `/${i}/${String(range)}`
      origin.on(path, ranged(TEXT, FRESH), ranged(TEXT, { ...FRESH, ...added }), {
        headers: { ...FRESH, ...added },
        body: TEXT
      })
      await get(path, { range: 'bytes=0-99' })
      const answer = await get(path, { ...(range !== undefined && { range }) })
      if (answer.status === 206 && part !== undefined) checkPart(t, answer, part, path)
      else { t.match(answer, { status: 200, body: TEXT, headers: { 'content-range': undefined } }, path) }
    }
  }
})

t.test(
  'RFC 9111 3.5: shared parts are not completed for a client with credentials',
  async (t) => {
    stopClock(t)
    const { origin, get } = await proxiedApp(t)
    const own = TEXT.replaceAll('0', 'x')
    origin.always('/', (request) => {
      return ranged(request.headers.cookie === undefined ? TEXT : own, FRESH)(request)
    })
    await get('/', { range: 'bytes=0-99' })
    t.match(await get('/', { cookie: 'a=1', range: 'bytes=90-109' }), {
      status: 206,
      body: own.slice(90, 110)
    })
    t.match(await get('/', { cookie: 'a=1' }), { status: 200, body: own })
    checkPart(
      t,
      await get('/', { range: 'bytes=0-99' }),
      [0, 99],
      'what was stored is there still'
    )
  }
)

t.test("a client's error or abort does not affect other clients", async (t) => {
  stopClock(t)
  const { origin, get } = await proxiedApp(t)
  origin.always('/', (request) => {
    if (request.headers['x-bad'] !== undefined) {
      return { status: 400, headers: { 'cache-control': 'no-store' }, body: 'bad' }
    }
    return ranged(TEXT, FRESH)(request)
  })
  await get('/', { range: 'bytes=0-99' })
  checkPart(
    t,
    await get('/', { 'cache-control': 'no-store', range: 'bytes=500-509' }),
    [500, 509],
    'no-store'
  )
  t.equal((await get('/', { 'x-bad': '1', range: 'bytes=500-509' })).status, 400)
  t.ok(isHit(await get('/', { range: 'bytes=0-99' })), 'the parts are there still')
  t.notMatch(ours(await get('/', { range: 'bytes=200-209' })), { fwd: 'bypass' })
})

t.test('a response that breaks off does not count as oversized', async (t) => {
  stopClock(t)
  const { origin, get } = await proxiedApp(t)
  const headers = { ...FRESH, 'content-length': '1000' }
  origin.on('/', { headers, body: TEXT.slice(0, 500), breaksOff: true })
  origin.always('/', ranged(TEXT, FRESH))
  t.notOk((await get('/')).complete)
  checkPart(t, await get('/', { range: 'bytes=0-9' }), [0, 9], 'the next one')
  t.ok(isHit(await get('/', { range: 'bytes=0-9' })))
})

t.test(
  'missing bytes that break off cause a 502, or a stale response if allowed',
  async (t) => {
    const clock = stopClock(t)
    const { origin, get } = await proxiedApp(t)
    const broken: Scripted = {
      status: 206,
      headers: { ...FRESH, 'content-range': 'bytes 100-999/1000', 'content-length': '900' },
      body: TEXT.slice(100, 500),
      breaksOff: true
    }
    origin.on('/', ranged(TEXT, FRESH), broken, ranged(TEXT, FRESH))
    await get('/', { range: 'bytes=0-99' })
    const answer = await get('/')
    t.match(answer, { status: 502, complete: true })
    t.match(ours(answer), { fwd: 'partial', detail: 'INCOMPLETE' })
    t.match(await get('/'), { status: 200, body: TEXT })

    const stale = { ...FRESH, 'cache-control': 'max-age=60, stale-if-error=60' }
    origin.on(
      '/stale',
      { headers: stale, body: TEXT },
      {
        headers: { ...stale, etag: '"2"', 'content-length': '1000' },
        body: TEXT.slice(0, 500),
        breaksOff: true
      }
    )
    await get('/stale')
    clock.advance(61)
    t.match(await get('/stale', { range: 'bytes=0-9' }), {
      status: 206,
      body: TEXT.slice(0, 10),
      headers: { etag: '"1"' }
    })
  }
)

t.test('RFC 9530 2: no digest of other bytes is sent', async (t) => {
  stopClock(t)
  const { origin, get } = await proxiedApp(t)
  const digests = {
    'content-digest': 'sha-256=:x:',
    'content-md5': 'x',
    'repr-digest': 'sha-256=:y:'
  }
  origin.always('/', ranged(TEXT, { ...FRESH, ...digests }))
  const none = {
    'content-digest': undefined,
    'content-md5': undefined,
    'repr-digest': 'sha-256=:y:'
  }
  t.match((await get('/', { range: 'bytes=0-99' })).headers, digests, 'as the origin sent it')
  for (const range of ['bytes=0-9', 'bytes=50-149', undefined]) {
    t.match((await get('/', { ...range !== undefined && { range } })).headers, none, String(range))
  }
})

t.test('a response in too many parts is fetched as a whole', async (t) => {
  stopClock(t)
  const { origin, get } = await proxiedApp(t)
  origin.always('/', ranged(TEXT, FRESH))
  for (let i = 0; i < 40; i++) {
    checkPart(
      t,
      await get('/', { range: `bytes=${i * 20}-${i * 20}` }),
      [i * 20, i * 20],
      String(i)
    )
  }
  t.equal(origin.requests('/').length, 33)
  t.ok(isHit(await get('/')))
})

t.test('parts fetched concurrently are all stored', async (t) => {
  stopClock(t)
  const { origin, get } = await proxiedApp(t)
  const { open, opened } = gate()
  const ranges = [100, 200, 300, 400].map((first) => `bytes=${first}-${first + 99}`)
  origin.always('/', (request) => {
    const answer = ranged(TEXT, FRESH)(request)
    return ranges.includes(request.headers.range ?? '') ? { ...answer, after: opened } : answer
  })
  await get('/', { range: 'bytes=0-99' })
  const answers = ranges.map((range) => get('/', { range }))
  await origin.received('/', 5)
  open()
  for (const [i, answer] of (await Promise.all(answers)).entries()) {
    checkPart(t, answer, [i * 100 + 100, i * 100 + 199], ranges[i] ?? '')
  }
  checkPart(t, await get('/', { range: 'bytes=0-499' }), [0, 499], 'all of them')
  t.equal(origin.requests('/').length, 5, 'each byte was fetched once')
})

t.test('a write during concurrent fetches of parts invalidates all of them', async (t) => {
  stopClock(t)
  const { origin, get, send } = await proxiedApp(t)
  const { open, opened } = gate()
  const part = (first: number): Scripted => ({
    status: 206,
    headers: { ...FRESH, 'content-range': `bytes ${first}-${first + 99}/1000` },
    body: TEXT.slice(first, first + 100),
    after: opened
  })
  origin.on(
    '/',
    ranged(TEXT, FRESH),
    part(100),
    part(200),
    { status: 204 },
    { headers: { ...FRESH, etag: '"2"' }, body: 'new' }
  )
  await get('/', { range: 'bytes=0-99' })
  const first = get('/', { range: 'bytes=100-199' })
  await origin.received('/', 2)
  const second = get('/', { range: 'bytes=200-299' })
  await origin.received('/', 3)
  await send('PUT', '/', { body: 'x' })
  open()
  for (const answer of await Promise.all([first, second])) t.equal(answer.status, 206)
  t.match(await get('/'), { status: 200, body: 'new' })
})

t.test(
  'RFC 9111 3.5: a response fetched again for a client with credentials is sent only to that client',
  async (t) => {
    const clock = stopClock(t)
    for (const credential of [{ cookie: 'sid=alice' }, { authorization: 'Basic YTpi' }]) {
      for (const asked of [
        {},
        { 'cache-control': 'max-age=0' },
        { 'cache-control': 'no-cache' }
      ]) {
        for (const range of [undefined, 'bytes=50-149', 'bytes=10-19']) {
          const { origin, get } = await proxiedApp(t)
          const own = TEXT.replaceAll('0', 'x')
          origin.always('/', (request) => {
            const isOwn = Object.keys(credential).some(
              (name) => request.headers[name] !== undefined
            )
            return ranged(isOwn ? own : TEXT, { ...FRESH, etag: isOwn ? '"own"' : '"1"' })(request)
          })
          origin.on(
            '/whole',
            { headers: { ...FRESH, 'cache-control': 'no-cache' }, body: TEXT },
            { status: 304, headers: { ...FRESH, etag: '"own"' } },
            { headers: { ...FRESH, etag: '"own"' }, body: own },
            { headers: FRESH, body: TEXT }
          )
          for (const path of ['/', '/whole']) {
            await get(path, { range: 'bytes=0-99' })
            clock.advance(path === '/' ? 61 : 1)
            const answer = await get(path, {
              ...credential,
              ...asked,
              ...(range !== undefined && { range })
            })
            t.ok(answer.body.includes('x'), 'its own')
            t.equal(
              (await get(path)).body,
              TEXT,
              `${path} ${JSON.stringify([credential, asked, range])}: no other client gets it`
            )
          }
        }
      }
    }
  }
)

t.test(
  'RFC 9110 15.3.7: parts validated for one client are not sent as another range',
  async (t) => {
    const clock = stopClock(t)
    const { origin, get } = await proxiedApp(t)
    origin.always('/', ranged(TEXT, FRESH))
    await get('/', { range: 'bytes=100-999' })
    clock.advance(61)
    for (const [range, part] of [
      ['bytes=693-697', [693, 697]],
      ['bytes=93-97', [93, 97]]
    ] as const) {
      for (const headers of [
        { cookie: 'a=1' },
        { cookie: 'a=1', 'cache-control': 'no-store' },
        { 'cache-control': 'no-store' }
      ]) {
        const answer = await get('/', { ...headers, range })
        if (answer.status === 200) t.equal(answer.body, TEXT)
        else checkPart(t, answer, part, JSON.stringify([headers, range]))
      }
    }
  }
)

t.test('a response that the origin sends only in small parts is fetched once', async (t) => {
  stopClock(t)
  const { origin, get, arrived } = await proxiedApp(t)
  const { open, opened } = gate()
  origin.always('/', ({ headers: { range } }) => {
    if (range === undefined) return { headers: FRESH, body: TEXT, after: opened }
    const first = Number(/^bytes=(\d+)-/.exec(range)?.[1])
    return {
      status: 206,
      headers: { ...FRESH, 'content-range': `bytes ${first}-${first + 99}/1000` },
      body: TEXT.slice(first, first + 100)
    }
  })
  await get('/', { range: 'bytes=0-' })
  const answers = [1, 2, 3, 4].map(() => get('/'))
  await arrived('/', 6)
  open()
  for (const answer of await Promise.all(answers)) t.match(answer, { status: 200, body: TEXT })
  t.ok(isHit(await get('/')))
  t.equal(origin.requests('/').length, 3)
})

t.test('clients with unsatisfiable ranges do not wait for each other', async (t) => {
  stopClock(t)
  const { origin, get } = await proxiedApp(t)
  const { open, opened } = gate()
  origin.always('/', { status: 416, headers: { 'content-range': 'bytes */1000' }, after: opened })
  const answers = Array.from({ length: 6 }, () => get('/', { range: 'bytes=5000-' }))
  await origin.received('/')
  open()
  for (const { status } of await Promise.all(answers)) t.equal(status, 416)
})

t.test('clients with another If-Range fetch the rest once', async (t) => {
  stopClock(t)
  const { origin, get, arrived } = await proxiedApp(t)
  const { open, opened } = gate()
  origin.on('/', ranged(TEXT, FRESH), {
    status: 206,
    headers: { ...FRESH, 'content-range': 'bytes 100-999/1000' },
    body: TEXT.slice(100),
    after: opened
  })
  await get('/', { range: 'bytes=0-99' })
  const answers = [1, 2, 3].map(() => get('/', { range: 'bytes=0-9', 'if-range': '"other"' }))
  await arrived('/', 4)
  open()
  for (const answer of await Promise.all(answers)) t.match(answer, { status: 200, body: TEXT })
  t.equal(origin.requests('/').length, 2)
})
