import t from 'tap'
import { isHit, ours } from './cache-status.js'
import { gate } from './tally.js'
import { twoApps } from './two-apps.js'

const FRESH = { 'cache-control': 'max-age=600' }

t.test(
  'a response stored by one instance is served by the other before the first has ended its own',
  async (t) => {
    const [a, b] = await twoApps(t)
    for (let i = 0; i < 30; i++) {
      const path = `/${i}`
      // A length lets the client have the whole body before the response ends.
      const body = 'x'.repeat(1 + i * 3000)
      a.origin.on(
        path,
        i % 2 === 0
          ? { headers: FRESH, body }
          : { headers: FRESH, body: [body.slice(0, 1), body.slice(1)] }
      )
      const [one, other] = i % 4 < 2 ? [a, b] : [b, a]
      const answer = await one.open(path)
      await answer.atLeast(body.length)
      await answer.whole()
      const hit = await other.get(path)
      t.ok(isHit(hit), path)
      t.equal(hit.body, body)
    }
  }
)

t.test('a cold URI is fetched once for both', async (t) => {
  const [a, b] = await twoApps(t)
  const begin = gate()
  a.origin.on('/', { headers: FRESH, body: 'text', after: begin.opened })
  const answers = [a.get('/'), b.get('/'), a.get('/'), b.get('/')]
  await a.origin.received('/')
  await Promise.all([a.arrived('/', 2), b.arrived('/', 2)])
  begin.open()
  for (const answer of await Promise.all(answers)) t.match(answer, { status: 200, body: 'text' })
  t.equal(a.origin.requests('/').length, 1)
})

t.test('one instance waits for a response that streams through the other', async (t) => {
  const [a, b] = await twoApps(t)
  const end = gate()
  a.origin.on('/', { headers: FRESH, body: ['first, ', end.opened, 'second'] })
  const first = await a.open('/')
  await first.atLeast(7)
  const second = b.get('/')
  await b.arrived('/', 1)
  end.open()
  t.match(await second, { body: 'first, second', complete: true })
  t.match(await first.whole(), { body: 'first, second', complete: true })
  t.equal(a.origin.requests('/').length, 1)
})

t.test('a disconnecting client of one instance does not stop a fill that the other waits for', async (t) => {
  const [a, b] = await twoApps(t)
  const end = gate()
  a.origin.on('/', { headers: FRESH, body: ['first, ', end.opened, 'second'] })
  const first = await a.open('/')
  await first.atLeast(7)
  const second = b.get('/')
  await b.arrived('/', 1)
  first.abort()
  await a.aborted('/', 1)
  end.open()
  t.match(await second, { body: 'first, second', complete: true })
  t.equal(a.origin.requests('/').length, 1)
})

t.test('a response that breaks off in one instance is fetched by the other', async (t) => {
  const [a, b] = await twoApps(t)
  const end = gate()
  a.origin.on(
    '/',
    { headers: FRESH, body: ['first, ', end.opened], breaksOff: true },
    { headers: FRESH, body: 'whole' }
  )
  const first = await a.open('/')
  await first.atLeast(7)
  const second = b.get('/')
  await b.arrived('/', 1)
  end.open()
  t.match(await first.whole(), { complete: false })
  t.match(await second, { body: 'whole', complete: true })
  t.ok(isHit(await a.get('/')))
})

t.test('a write through one instance is visible to the next read of the other', async (t) => {
  const [a, b] = await twoApps(t)
  let version = 0
  a.origin.always('/', ({ method }) =>
    method === 'GET'
      ? { headers: FRESH, body: String(version) }
      : { status: 200, body: String(++version) }
  )
  for (let i = 1; i <= 10; i++) {
    await a.get('/')
    await b.get('/')
    await (i % 2 === 0 ? a : b).send('POST', '/', { body: 'x' })
    t.equal((await a.get('/')).body, String(i))
    t.equal((await b.get('/')).body, String(i))
  }
})

t.test('RFC 9875: an invalidated group is visible to the next read of the other', async (t) => {
  const [a, b] = await twoApps(t)
  a.origin.always('/', { headers: { ...FRESH, 'cache-groups': '"a"' } })
  a.origin.always('/write', { status: 204, headers: { 'cache-group-invalidation': '"a"' } })
  await a.get('/')
  t.ok(isHit(await b.get('/')))
  await b.send('POST', '/write')
  t.notOk(isHit(await a.get('/')))
})

t.test('a 304 to one instance renews the response of the other', async (t) => {
  const [a, b] = await twoApps(t)
  const stored = { headers: { ...FRESH, etag: '"1"', 'x-a': 'old' }, body: 'text' }
  a.origin.on('/', stored, { status: 304, headers: { ...FRESH, etag: '"1"', 'x-a': 'new' } })
  await a.get('/')
  t.match(await b.get('/'), { headers: { 'x-a': 'old' } })
  await a.get('/', { 'cache-control': 'no-cache' })
  t.match(await b.get('/'), { body: 'text', headers: { 'x-a': 'new', 'cache-status': /^b; hit/ } })
  t.match(a.origin.requests('/')[1]?.headers, { 'if-none-match': '"1"' })
})

t.test('a 200 to one instance replaces the response of the other', async (t) => {
  const [a, b] = await twoApps(t)
  a.origin.on(
    '/',
    { headers: FRESH, body: 'first' },
    { headers: FRESH, body: 'second' },
    { headers: { 'cache-control': 'no-store' }, body: 'third' }
  )
  await a.get('/')
  t.equal((await b.get('/')).body, 'first')
  await a.get('/', { 'cache-control': 'no-cache' })
  t.equal((await b.get('/')).body, 'second')
  await b.get('/', { 'cache-control': 'no-cache' })
  t.equal(
    (await a.get('/', { 'cache-control': 'only-if-cached' })).status,
    504,
    'and one that is not stored ends it'
  )
})

t.test(
  'RFC 9111 5.2.1.4: a response stored since by another instance does not answer no-cache',
  async (t) => {
    const [a, b] = await twoApps(t)
    let version = 0
    a.origin.always('/', () => ({ headers: FRESH, body: String(++version) }))
    for (const [i, instance] of [a, b, a, b, a].entries()) {
      t.equal((await instance.get('/', { 'cache-control': 'no-cache' })).body, String(i + 1))
    }
  }
)

t.test('both instances share variants', async (t) => {
  const [a, b] = await twoApps(t)
  a.origin.always('/', ({ headers }) => ({
    headers: { ...FRESH, vary: 'accept-language' },
    body: String(headers['accept-language'])
  }))
  t.equal((await a.get('/', { 'accept-language': 'de' })).body, 'de')
  t.match(ours(await b.get('/', { 'accept-language': 'en' })), { fwd: 'vary-miss' })
  for (const instance of [a, b]) {
    for (const language of ['de', 'en']) {
      t.match(await instance.get('/', { 'accept-language': language }), {
        body: language,
        headers: { 'cache-status': /; hit/ }
      })
    }
  }
  await b.send('PUT', '/', { body: 'x' })
  for (const language of ['de', 'en']) {
    t.notOk(isHit(await a.get('/', { 'accept-language': language })), language)
  }
})

t.test(
  'an instance that never called the origin answers conditions, ranges and HEAD',
  async (t) => {
    const [a, b] = await twoApps(t)
    a.origin.on('/', { headers: { ...FRESH, etag: '"1"' }, body: '0123456789' })
    await a.get('/')
    t.equal((await b.get('/', { 'if-none-match': '"1"' })).status, 304)
    t.match(await b.get('/', { range: 'bytes=2-4' }), {
      status: 206,
      body: '234',
      headers: { 'content-range': 'bytes 2-4/10' }
    })
    t.match(await b.send('HEAD', '/'), {
      status: 200,
      body: '',
      headers: { 'content-length': '10' }
    })
    t.equal(a.origin.requests('/').length, 1)
  }
)

t.test('RFC 5861 3: only one of the two fetches in the background', async (t) => {
  const [a, b] = await twoApps(t)
  const begin = gate()
  const headers = { 'cache-control': 'max-age=1, stale-while-revalidate=600', age: '100' }
  a.origin.on(
    '/',
    { headers, body: 'first' },
    { headers: FRESH, body: 'second', after: begin.opened }
  )
  await a.get('/')
  for (const instance of [a, b, a, b]) t.equal((await instance.get('/')).body, 'first')
  await a.origin.received('/', 2)
  begin.open()
  // Either of the two.
  await Promise.race([a.answered('/', 4), b.answered('/', 3)])
  for (const instance of [a, b]) t.equal((await instance.get('/')).body, 'second')
  t.equal(a.origin.requests('/').length, 2)
})
