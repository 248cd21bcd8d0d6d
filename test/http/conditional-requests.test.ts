import t, { type Test } from 'tap'
import { isHit, ours } from './cache-status.js'
import { type Clock, stopClock } from './clock.js'
import { type Fields } from './origin.js'
import { type Proxied, proxiedApp } from './proxied-app.js'

const MODIFIED = 'Thu, 01 Jan 2015 00:00:00 GMT'
const LATER = 'Fri, 02 Jan 2015 00:00:00 GMT'
const EARLIER = 'Wed, 31 Dec 2014 00:00:00 GMT'
const BOTH = { etag: '"1"', 'last-modified': MODIFIED }

type Row = readonly [
  rule: string,
  stored: Fields,
  request: Readonly<Record<string, string>>,
  status: 304 | 200
]

const ROWS: readonly Row[] = [
  ['the tag', BOTH, { 'if-none-match': '"1"' }, 304],
  ['another tag', BOTH, { 'if-none-match': '"2"' }, 200],
  ["RFC 9110 13.1.2: weak comparison of the client's", BOTH, { 'if-none-match': 'W/"1"' }, 304],
  [
    'RFC 9110 13.1.2: weak comparison of the stored',
    { etag: 'W/"1"' },
    { 'if-none-match': '"1"' },
    304
  ],
  ['both weak', { etag: 'W/"1"' }, { 'if-none-match': 'W/"1"' }, 304],
  ['a list', BOTH, { 'if-none-match': '"3", "1"' }, 304],
  ['a list with weak tags', BOTH, { 'if-none-match': '"3" , W/"1",' }, 304],
  ['a list without it', BOTH, { 'if-none-match': '"3", "2"' }, 200],
  ['a tag with a comma in it', { etag: '"a,b"' }, { 'if-none-match': '"x", "a,b"' }, 304],
  ['part of a tag', { etag: '"a,b"' }, { 'if-none-match': '"a"' }, 200],
  ['*', BOTH, { 'if-none-match': '*' }, 304],
  ['* where there is no tag', { 'last-modified': MODIFIED }, { 'if-none-match': '*' }, 304],
  ['no tag, without its quotes', BOTH, { 'if-none-match': '1' }, 200],
  ['a tag where there is none', { 'last-modified': MODIFIED }, { 'if-none-match': '"1"' }, 200],
  ['RFC 9110 13.1.3: If-Modified-Since, the same', BOTH, { 'if-modified-since': MODIFIED }, 304],
  ['later', BOTH, { 'if-modified-since': LATER }, 304],
  ['earlier', BOTH, { 'if-modified-since': EARLIER }, 200],
  ['RFC 850', BOTH, { 'if-modified-since': 'Thursday, 01-Jan-15 00:00:00 GMT' }, 304],
  ['no date', BOTH, { 'if-modified-since': 'yesterday' }, 200],
  ['a zone that is none', BOTH, { 'if-modified-since': LATER.replace('GMT', '+0000') }, 200],
  [
    'RFC 9110 13.2.2: If-None-Match goes first, and is not in it',
    BOTH,
    { 'if-none-match': '"2"', 'if-modified-since': LATER },
    200
  ],
  ['and is in it', BOTH, { 'if-none-match': '"1"', 'if-modified-since': EARLIER }, 304],
  ['and is no tag', BOTH, { 'if-none-match': '1', 'if-modified-since': LATER }, 200],
  ['no condition', BOTH, {}, 200]
]

/** The ways in which the response under evaluation comes about. */
const WAYS: Readonly<
  Record<string, (proxied: Proxied, path: string, clock: Clock, stored: Fields) => Promise<void>>
> = {
  'on a hit': async ({ origin, get }, path, _clock, stored) => {
    origin.on(path, { headers: { 'cache-control': 'max-age=60', ...stored }, body: 'text' })
    await get(path)
  },
  'on a miss': async ({ origin }, path, _clock, stored) => {
    origin.on(path, { headers: { 'cache-control': 'max-age=60', ...stored }, body: 'text' })
  },
  'after a 304 of the origin': async ({ origin, get }, path, clock, stored) => {
    origin.on(
      path,
      { headers: { 'cache-control': 'max-age=60', ...stored }, body: 'text' },
      { status: 304, headers: stored }
    )
    await get(path)
    clock.advance(60)
  },
  'after a new 200 of the origin': async ({ origin, get }, path, clock, stored) => {
    origin.on(
      path,
      { headers: { 'cache-control': 'max-age=60', etag: '"0"' }, body: 'old' },
      { headers: { 'cache-control': 'max-age=60', ...stored }, body: 'text' }
    )
    await get(path)
    clock.advance(60)
  }
}

for (const [way, prepare] of Object.entries(WAYS)) {
  t.test(`RFC 9111 4.3.2: a client's conditions ${way}`, async (t) => {
    const clock = stopClock(t)
    const proxied = await proxiedApp(t)
    for (const [i, [rule, stored, request, status]] of ROWS.entries()) {
      await prepare(proxied, `/${i}`, clock, stored)
      const answer = await proxied.get(`/${i}`, request)
      t.match(
        { status: answer.status, body: answer.body },
        { status, body: status === 304 ? '' : 'text' },
        rule
      )
      const next = await proxied.get(`/${i}`)
      t.match(
        { hit: isHit(next), status: next.status, body: next.body },
        { hit: true, status: 200, body: 'text' },
        `${rule}: all of it is stored`
      )
    }
  })
}

t.test('RFC 9111 4.3.2: HEAD on a hit', async (t) => {
  stopClock(t)
  const { origin, get, send } = await proxiedApp(t)
  for (const [i, [rule, stored, request, status]] of ROWS.entries()) {
    origin.on(`/${i}`, { headers: { 'cache-control': 'max-age=60', ...stored }, body: 'text' })
    await get(`/${i}`)
    t.equal((await send('HEAD', `/${i}`, { headers: request })).status, status, rule)
  }
})

// RFC 9110, 8.8.2.2: there may have been several responses within the second of a Date.
t.test('RFC 9111 4.3.2: Date replaces a missing Last-Modified, from a second after it', async (t) => {
  const clock = stopClock(t)
  const { get, send } = await stored(t, { etag: '"1"' })
  const [before, then, later] = [clock.at(-1), clock.at(0), clock.at(1)]
  clock.advance(5)
  for (const [since, status] of [[before, 200], [then, 200], [later, 304]] as const) {
    t.equal((await get('/', { 'if-modified-since': since })).status, status, `GET ${since}`)
    t.equal(
      (await send('HEAD', '/', { headers: { 'if-modified-since': since } })).status,
      status,
      `HEAD ${since}`
    )
  }
})

async function stored (t: Test, fields: Fields, status = 200): Promise<Proxied> {
  const proxied = await proxiedApp(t)
  proxied.origin.on('/', {
    status,
    headers: { 'cache-control': 'max-age=60', ...fields },
    body: 'text'
  })
  await proxied.get('/')
  return proxied
}

t.test('RFC 9110 15.4.5: fields of a 304', async (t) => {
  stopClock(t)
  const expires = 'Thu, 01 Jan 2099 00:00:00 GMT'
  const { get } = await stored(t, {
    ...BOTH,
    expires,
    vary: 'accept',
    'content-location': '/other',
    'content-type': 'text/plain'
  })
  const { headers, body } = await get('/', { 'if-none-match': '"1"' })
  t.match(headers, {
    'cache-control': 'max-age=60',
    etag: '"1"',
    expires,
    vary: 'accept',
    'content-location': '/other',
    date: /GMT/,
    age: '0',
    'cache-status': /hit/
  })
  t.match(headers, { 'content-type': undefined, 'content-length': undefined })
  t.equal(body, '')
})

t.test('RFC 9110 13.2.1: conditions apply only to a 2xx', async (t) => {
  for (const status of [404, 301]) {
    const { get } = await stored(t, BOTH, status)
    for (const request of [
      { 'if-none-match': '"1"' },
      { 'if-none-match': '*' },
      { 'if-modified-since': LATER }
    ]) {
      t.match(
        await get('/', request),
        { status, body: 'text' },
        `${status} ${JSON.stringify(request)}`
      )
    }
  }
})

t.test('conditions of other methods are left to the origin', async (t) => {
  const { origin, send } = await stored(t, BOTH)
  const conditions = { 'if-match': '"1"', 'if-none-match': '"2"', 'if-unmodified-since': MODIFIED }
  for (const method of ['PUT', 'POST', 'PATCH', 'DELETE']) {
    origin.on('/', { status: 412, body: 'no' })
    t.match(await send(method, '/', { headers: conditions }), { status: 412, body: 'no' })
    t.match(origin.requests('/').at(-1), { method, headers: conditions })
  }
})

t.test(
  'RFC 9110 13.1.1, 13.1.4: If-Match and If-Unmodified-Since are not evaluated by the cache',
  async (t) => {
    stopClock(t)
    for (const condition of [
      { 'if-match': '"1"' },
      { 'if-match': '"2"' },
      { 'if-match': '*' },
      { 'if-unmodified-since': MODIFIED },
      { 'if-unmodified-since': EARLIER }
    ]) {
      for (const method of ['GET', 'HEAD']) {
        const { origin, get, send } = await stored(t, BOTH)
        origin.on('/', { status: 412, body: 'no' })
        const rule = `${method} ${JSON.stringify(condition)}`
        const answer = await send(method, '/', { headers: condition })
        t.match(answer, { status: 412, body: method === 'GET' ? 'no' : '' }, rule)
        t.match(ours(answer), { fwd: 'bypass', detail: 'PRECONDITION' }, rule)
        t.match(origin.requests('/')[1], { method, headers: condition }, rule)
        t.ok(isHit(await get('/')), `${rule}: what is stored stays`)
      }
    }
  }
)

t.test(
  'RFC 9110 13.2.1: conditions of a method that selects nothing are ignored and forwarded',
  async (t) => {
    const { origin, send } = await stored(t, BOTH)
    const headers = { 'if-match': '"2"', 'if-none-match': '*' }
    origin.on('/', { status: 204 })
    t.equal((await send('OPTIONS', '/', { headers })).status, 204)
    t.match(origin.requests('/')[1], { method: 'OPTIONS', headers })
  }
)
