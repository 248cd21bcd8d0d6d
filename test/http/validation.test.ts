import t from 'tap'
import { isHit, ours } from './cache-status.js'
import { stopClock } from './clock.js'
import { gate } from './tally.js'
import { type Fields, type OriginRequest } from './origin.js'
import { proxiedApp } from './proxied-app.js'

const CONDITIONS = [
  'if-match',
  'if-none-match',
  'if-modified-since',
  'if-unmodified-since',
  'if-range',
  'range'
] as const
const MODIFIED = 'Thu, 01 Jan 2015 00:00:00 GMT'

const conditionsOf = (request: OriginRequest | undefined) =>
  Object.fromEntries(
    CONDITIONS.filter((name) => request?.headers[name] !== undefined).map((name) => [
      name,
      request?.headers[name]
    ])
  )

t.test(
  "RFC 9111 4.3.1: conditions that validate a stale response, regardless of the client's own",
  async (t) => {
    const clock = stopClock(t)
    const { origin, get } = await proxiedApp(t)
    const rows: readonly (readonly [stored: Fields, sent: Fields | 'own'])[] = [
      [{ etag: '"1"' }, { 'if-none-match': '"1"' }],
      [{ etag: 'W/"1"' }, { 'if-none-match': 'W/"1"' }],
      [{ 'last-modified': MODIFIED }, { 'if-modified-since': MODIFIED }],
      [
        { etag: '"1"', 'last-modified': MODIFIED },
        { 'if-none-match': '"1"', 'if-modified-since': MODIFIED }
      ],
      [{ etag: 'no tag' }, { 'if-none-match': 'no tag' }],
      [{ etag: 'w/"1"' }, { 'if-none-match': 'w/"1"' }],
      [{ 'last-modified': 'no date' }, 'own'],
      [{}, 'own']
    ]
    const asked = [
      {},
      { 'if-none-match': '"2"' },
      { 'if-none-match': '*' },
      { 'if-modified-since': clock.at(0) },
      { range: 'bytes=0-1' },
      { range: 'bytes=0-1', 'if-range': '"1"' }
    ]
    for (const [i, [stored, sent]] of rows.entries()) {
      for (const [j, conditions] of asked.entries()) {
        const path = `/${i}/${j}`
        origin.on(path, { headers: { 'cache-control': 'max-age=60', ...stored } }, { body: 'new' })
        await get(path)
        clock.advance(60)
        await get(path, conditions)
        const expected = sent === 'own' ? conditions : sent
        t.strictSame(
          conditionsOf(origin.requests(path)[1]),
          expected,
          `${JSON.stringify(stored)}, asked ${JSON.stringify(conditions)}`
        )
      }
    }
  }
)

t.test(
  "RFC 9111 4.3.2: without a stored response, the client's own conditions reach the origin",
  async (t) => {
    const { origin, get } = await proxiedApp(t)
    const conditions = {
      'if-none-match': ['"1"', 'W/"1"', 'w/"1"', '1', '"0", "1"', '*'],
      'if-modified-since': [MODIFIED, 'no date']
    }
    const headers = { 'cache-control': 'max-age=60', etag: '"1"' }
    let i = 0
    for (const [name, values] of Object.entries(conditions)) {
      for (const value of values) {
        const path = `/${i++}`
        origin.on(path, { status: 304, headers }, { headers, body: 'whole' })
        const first = await get(path, { [name]: value })
        t.match(
          first,
          { status: 304, body: '', headers: { ...headers, 'content-length': undefined } },
          value
        )
        t.match(
          ours(first),
          { fwd: 'uri-miss', 'fwd-status': 304, detail: 'CONDITION', stored: undefined },
          value
        )
        t.strictSame(conditionsOf(origin.requests(path)[0]), { [name]: value })
        t.match(
          await get(path, { [name]: value }),
          { body: /^(whole)?$/ },
          'the next one gets what is stored then'
        )
        t.strictSame(
          conditionsOf(origin.requests(path)[1]),
          {},
          'all of it is asked for, so that there is something to share'
        )
        t.match(
          { hit: isHit(await get(path)), body: (await get(path)).body },
          { hit: true, body: 'whole' }
        )
        t.equal(origin.requests(path).length, 2, value)
      }
    }
  }
)

t.test('a client that already has the response delays no other request', async (t) => {
  stopClock(t)
  const { origin, get, arrived } = await proxiedApp(t)
  const { open, opened } = gate()
  const headers = { 'cache-control': 'max-age=60', etag: '"1"' }
  origin.on('/', { status: 304, headers, after: opened }, { headers, body: 'whole' })
  const first = get('/', { 'if-none-match': '"1"' })
  await origin.received('/')
  const others = [{}, { 'if-none-match': '"1"' }, {}, { 'if-none-match': '"2"' }].map(
    (conditions) => get('/', conditions)
  )
  await arrived('/', 5)
  open()
  t.match(await first, { status: 304, body: '' })
  t.strictSame(
    (await Promise.all(others)).map(({ status, body }) => [status, body]),
    [
      [200, 'whole'],
      [304, ''],
      [200, 'whole'],
      [200, 'whole']
    ]
  )
  t.equal(origin.requests('/').length, 2)
})

t.test('RFC 9111 4.3.3: after a 304 the stored response is used, and fresh again', async (t) => {
  const clock = stopClock(t)
  const { origin, get } = await proxiedApp(t)
  origin.on(
    '/',
    { headers: { 'cache-control': 'max-age=60', etag: '"1"' }, body: 'first' },
    { status: 304, headers: { etag: '"1"' } },
    { body: 'third' }
  )
  await get('/')
  clock.advance(60)
  const validated = await get('/')
  t.match(validated, { status: 200, body: 'first', headers: { etag: '"1"' } })
  t.match(ours(validated), { fwd: 'stale', 'fwd-status': 304 })
  clock.advance(59)
  const hit = await get('/')
  t.match(
    { hit: isHit(hit), body: hit.body, age: hit.headers.age },
    { hit: true, body: 'first', age: '59' },
    'as old as the 304'
  )
  clock.advance(1)
  t.equal((await get('/')).body, 'third')
})

t.test('RFC 9111 3.2, 4.3.4: which header fields a 304 updates', async (t) => {
  const clock = stopClock(t)
  const { origin, get } = await proxiedApp(t)
  const first = {
    'cache-control': 'max-age=60',
    etag: '"1"',
    'content-encoding': 'x-none',
    'content-type': 'text/plain',
    'x-old': 'a',
    'x-both': 'a'
  }
  const second = {
    'cache-control': 'max-age=10',
    etag: '"1"',
    'content-encoding': 'gzip',
    'content-type': 'text/html',
    'content-location': '/other',
    'x-new': 'b',
    'x-both': 'b',
    connection: 'x-hop',
    'x-hop': 'b'
  }
  origin.on(
    '/',
    { headers: first, body: 'text' },
    { status: 304, headers: second },
    { body: 'third' }
  )
  await get('/')
  clock.advance(60)
  const validatedAt = clock.at(0)
  for (const [what, answer] of [
    ['the answer itself', await get('/')],
    ['a hit', await get('/')]
  ] as const) {
    t.equal(answer.body, 'text', what)
    t.match(
      answer.headers,
      {
        'cache-control': 'max-age=10',
        'content-type': 'text/html',
        'content-location': '/other',
        date: validatedAt,
        'x-old': 'a',
        'x-new': 'b',
        'x-both': 'b',
        'x-hop': undefined,
        'content-length': '4',
        'content-encoding': 'x-none'
      },
      what
    )
  }
  clock.advance(9)
  t.ok(isHit(await get('/')))
  clock.advance(1)
  t.equal((await get('/')).body, 'third', 'the new lifetime counts')
})

t.test('RFC 9111 4.3.4: which 304 applies to the stored response', async (t) => {
  const clock = stopClock(t)
  const { origin, get } = await proxiedApp(t)
  const LATER = 'Fri, 02 Jan 2015 00:00:00 GMT'
  const rows: readonly (readonly [stored: Fields, notModified: Fields, isAbout: boolean])[] = [
    [{ etag: '"1"' }, { etag: '"1"' }, true],
    [{ etag: '"1"' }, { etag: '"2"' }, false],
    [{ etag: 'W/"1"' }, { etag: 'W/"1"' }, true],
    [{ etag: 'W/"1"' }, { etag: '"1"' }, false],
    [{ etag: '"1"' }, {}, true],
    [{ etag: 'W/"1"' }, {}, true],
    [{ 'last-modified': MODIFIED }, {}, true],
    [{ etag: '"1"', 'last-modified': MODIFIED }, {}, true],
    [{ etag: '1' }, { etag: '1' }, true],
    [{ etag: '1' }, { etag: '"1"' }, false],
    [{ etag: 'w/"1"' }, { etag: 'w/"1"' }, true],
    [{ 'last-modified': MODIFIED }, { 'last-modified': MODIFIED }, true],
    [{ 'last-modified': MODIFIED }, { 'last-modified': LATER }, false],
    [{ etag: '"1"', 'last-modified': MODIFIED }, { etag: '"1"' }, true],
    [{ etag: '"1"', 'last-modified': MODIFIED }, { etag: '"2"', 'last-modified': MODIFIED }, false]
  ]
  for (const [i, [stored, notModified, isAbout]] of rows.entries()) {
    const [path, rule] = [`/${i}`, `${JSON.stringify(stored)}, 304 ${JSON.stringify(notModified)}`]
    const fresh = { 'cache-control': 'max-age=60' }
    origin.on(
      path,
      { headers: { ...fresh, ...stored }, body: 'first' },
      { status: 304, headers: notModified },
      { headers: { ...fresh, etag: '"3"' }, body: 'third' }
    )
    await get(path)
    clock.advance(60)
    const answer = await get(path)
    t.match(answer, { status: 200, body: isAbout ? 'first' : 'third' }, rule)
    t.equal(origin.requests(path).length, isAbout ? 2 : 3, rule)
    if (!isAbout) {
      t.strictSame(
        conditionsOf(origin.requests(path)[2]),
        {},
        `${rule}: it is fetched without conditions`
      )
    }
    t.match(await get(path), { status: 200, body: isAbout ? 'first' : 'third' }, rule)
    t.equal(origin.requests(path).length, isAbout ? 2 : 3, `${rule}: and is stored`)
  }
})

t.test('RFC 9111 4.3.3: the response fetched instead of such a 304 is forwarded unchanged', async (t) => {
  const clock = stopClock(t)
  const { origin, get } = await proxiedApp(t)
  const headers = { 'cache-control': 'max-age=60', etag: '"1"', vary: 'accept' }
  const answers = [
    {
      status: 200,
      headers: {
        'cache-control': 'no-store',
        link: ['</a>', '</b>'],
        'set-cookie': ['a=1', 'b=2']
      },
      body: 'new'
    },
    { status: 404, headers: { 'content-type': 'text/x-own' }, body: 'gone' },
    { status: 503, headers: { 'retry-after': '7' }, body: 'failed' },
    { status: 200, headers: { 'cache-control': 'max-age=60' }, body: ['in ', 'parts'] }
  ]
  for (const [i, instead] of answers.entries()) {
    const path = `/${i}`
    origin.on(path, { headers, body: 'old' }, { status: 304, headers: { etag: '"2"' } }, instead)
    await get(path)
    clock.advance(60)
    const answer = await get(path)
    t.match(
      answer,
      {
        status: instead.status,
        body: [instead.body].flat().join(''),
        headers: { etag: undefined, vary: undefined }
      },
      path
    )
    for (const [name, value] of Object.entries(instead.headers)) {
      t.strictSame(
        answer.lines.filter(([line]) => line === name).map(([, text]) => text),
        [value].flat(),
        `${path}: ${name}`
      )
    }
    t.match(ours(answer), { fwd: 'stale' }, path)
  }
})

t.test('RFC 9111 4.3.3: any response other than a 304 replaces the stored one', async (t) => {
  const clock = stopClock(t)
  const { origin, get } = await proxiedApp(t)
  const stored = {
    headers: { 'cache-control': 'max-age=60', etag: '"1"', 'x-old': 'a' },
    body: 'first'
  }
  for (const [i, status] of [200, 301, 404, 410, 501].entries()) {
    const path = `/${i}`
    origin.on(path, stored, {
      status,
      headers: { 'cache-control': 'max-age=60', etag: '"2"' },
      body: 'second'
    })
    await get(path)
    clock.advance(60)
    const answer = await get(path)
    t.match(
      answer,
      { status, body: 'second', headers: { 'x-old': undefined, etag: '"2"' } },
      String(status)
    )
    t.match(ours(answer), { fwd: 'stale', detail: undefined }, String(status))
    const hit = await get(path)
    t.ok(isHit(hit), String(status))
    t.match(
      hit,
      { status, body: 'second', headers: { 'x-old': undefined, etag: '"2"' } },
      String(status)
    )
  }
})

t.test('an uncacheable response or 304 invalidates the stored response', async (t) => {
  const clock = stopClock(t)
  const { origin, get } = await proxiedApp(t)
  const stored = { headers: { 'cache-control': 'max-age=60', etag: '"1"' }, body: 'first' }
  for (const directives of ['no-store', 'private']) {
    for (const status of [200, 304]) {
      const path = `/${directives}/${status}`
      origin.on(
        path,
        stored,
        { status, headers: { 'cache-control': directives, etag: '"1"' }, body: 'first' },
        { body: 'third' }
      )
      await get(path)
      clock.advance(60)
      t.match(
        await get(path),
        { status: 200, body: 'first', headers: { 'cache-control': directives } },
        path
      )
      t.equal((await get(path)).body, 'third', path)
      t.strictSame(
        conditionsOf(origin.requests(path)[2]),
        {},
        `${path}: there is nothing to validate`
      )
    }
  }
})

t.test(
  'an uncacheable response invalidates the stored one, even if a client refused a fresh one',
  async (t) => {
    stopClock(t)
    const { origin, get } = await proxiedApp(t)
    origin.on(
      '/',
      { headers: { 'cache-control': 'max-age=60' }, body: 'first' },
      { headers: { 'cache-control': 'no-store' }, body: 'second' },
      { body: 'third' }
    )
    await get('/')
    t.equal((await get('/', { 'cache-control': 'no-cache' })).body, 'second')
    t.equal((await get('/')).body, 'third')
  }
)

t.test('RFC 9111 5.2.2.4: no-cache is validated at each use, regardless of age', async (t) => {
  stopClock(t)
  const { origin, get } = await proxiedApp(t)
  origin.on('/', {
    headers: { 'cache-control': 'no-cache, max-age=60', etag: '"1"' },
    body: 'first'
  })
  origin.always('/', { status: 304, headers: { etag: '"1"' } })
  await get('/')
  for (let i = 2; i <= 4; i++) {
    const answer = await get('/')
    t.match(answer, { status: 200, body: 'first' })
    t.match(ours(answer), { hit: undefined, 'fwd-status': 304 })
    t.equal(origin.requests('/').length, i)
    t.match(conditionsOf(origin.requests('/').at(-1)), { 'if-none-match': '"1"' })
  }
})

t.test("RFC 9111 5.2.1.4: a client's no-cache validates a fresh response", async (t) => {
  stopClock(t)
  const { origin, get } = await proxiedApp(t)
  origin.on(
    '/',
    { headers: { 'cache-control': 'max-age=60', etag: '"1"' }, body: 'first' },
    { status: 304, headers: { etag: '"1"' } }
  )
  await get('/')
  const answer = await get('/', { 'cache-control': 'no-cache' })
  t.match(answer, { status: 200, body: 'first' })
  t.match(ours(answer), { fwd: 'request', 'fwd-status': 304 })
  t.match(conditionsOf(origin.requests('/')[1]), { 'if-none-match': '"1"' })
})

t.test('many requests for a stale response cause one validation', async (t) => {
  const clock = stopClock(t)
  const { origin, get, arrived } = await proxiedApp(t)
  const { open, opened } = gate()
  origin.on(
    '/',
    { headers: { 'cache-control': 'max-age=60', etag: '"1"' }, body: 'first' },
    { status: 304, headers: { etag: '"1"' }, after: opened }
  )
  await get('/')
  clock.advance(60)
  const answers = [1, 2, 3, 4].map(() => get('/'))
  await arrived('/', 5)
  open()
  for (const answer of await Promise.all(answers)) t.match(answer, { status: 200, body: 'first' })
  t.equal(origin.requests('/').length, 2)
})
