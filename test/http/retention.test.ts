import t, { type Test } from 'tap'
import { isHit, ours } from './cache-status.js'
import { stopClock } from './clock.js'
import { type Answering, type Fields } from './origin.js'
import { proxiedApp, type ProxiedOptions } from './proxied-app.js'

type Cache = ProxiedOptions['cache']

/**
 * Fields of a response without validators; a request this many seconds later; and whether the
 * stored response answers it.
 */
type Case = readonly [fields: Fields, seconds: number, request: string, outcome: 'served' | 'asked']

const says = (value: string): Fields => ({ 'cache-control': value })

async function check (
  t: Test,
  cases: readonly Case[],
  cache: Cache = {},
  answer: Answering = { headers: says('no-store'), body: 'second' }
): Promise<void> {
  const clock = stopClock(t)
  const { origin, get } = await proxiedApp(t, { cache })
  for (const [i, [fields, seconds, request, outcome]] of cases.entries()) {
    const path = `/${i}`
    origin.on(path, { headers: fields, body: 'first' }, answer)
    await get(path)
    clock.advance(seconds)
    const { body } = await get(
      path,
      request === '' ? {} : (says(request) as Readonly<Record<string, string>>)
    )
    t.equal(
      body === 'first' ? 'served' : 'asked',
      outcome,
      `${JSON.stringify(fields)} after ${seconds} s, asked ${JSON.stringify(request)}`
    )
  }
}

t.test('RFC 9111 5.2.1.2: max-stale finds expired responses without validators', async (t) => {
  await check(t, [
    [says('max-age=5'), 6, 'max-stale', 'served'],
    [says('max-age=5'), 64, 'max-stale', 'served'],
    [says('max-age=5'), 65, 'max-stale', 'asked'],
    [says('max-age=100'), 199, 'max-stale=100', 'served'],
    [says('max-age=100'), 200, 'max-stale', 'asked'],
    [says('max-age=172800'), 172_800 + 86_399, 'max-stale', 'served'],
    [says('max-age=172800'), 172_800 + 86_400, 'max-stale', 'asked'],
    [says('max-age=5, must-revalidate'), 6, 'max-stale', 'asked'],
    [says('max-age=5, proxy-revalidate'), 6, 'max-stale', 'asked'],
    [says('s-maxage=5'), 6, 'max-stale', 'asked']
  ])
})

t.test('expired responses without validators answer no other request', async (t) => {
  await check(t, [
    [says('max-age=5'), 5, '', 'asked'],
    [says('max-age=5'), 6, 'max-stale=0', 'asked'],
    [says('max-age=5'), 6, 'max-age=100', 'asked'],
    [says('max-age=5'), 6, 'no-cache, max-stale', 'asked'],
    [says('max-age=5'), 6, 'min-fresh=1', 'asked']
  ])
})

t.test('RFC 5861 4: stale-if-error of a client finds it, too', async (t) => {
  for (const failure of [{ status: 503, body: 'failed' }, 'drop'] as const) {
    await t.test(JSON.stringify(failure), async (t) => check(t, [
      [says('max-age=5'), 64, 'stale-if-error=60', 'served'],
      [says('max-age=5'), 64, '', 'asked'],
      [says('max-age=5'), 64, 'stale-if-error=50', 'asked'],
      [says('max-age=5, must-revalidate'), 6, 'stale-if-error=60', 'asked'],
      [says('s-maxage=5'), 6, 'stale-if-error=60', 'asked']
    ], {}, failure))
  }
})

t.test('retain of the route', async (t) => {
  const etag = { etag: '"1"' }
  for (const [retain, kept] of [['10s', 10], [0, 0], ['2d', 172_800]] as const) {
    await t.test(`${retain}`, async (t) => {
      const clock = stopClock(t)
      const { origin, get } = await proxiedApp(t, { cache: { retain } })
      for (const [i, fields] of [{}, etag].entries()) {
        origin.on(`/${i}`, { headers: { ...says('max-age=5'), ...fields }, body: 'first' })
        origin.always(`/${i}`, { headers: says('no-store'), body: 'second' })
      }
      for (const path of ['/0', '/1']) await get(path)
      clock.advance(5 + kept - 0.001)
      const body = kept > 0 ? 'first' : 'second'
      if (kept > 0) {
        for (const path of ['/0', '/1']) {
          t.equal((await get(path, { 'cache-control': 'max-stale' })).body, body, path)
        }
      }
      clock.advance(0.001)
      for (const path of ['/0', '/1']) {
        t.equal((await get(path, { 'cache-control': 'max-stale' })).body, 'second', path)
      }
      t.equal(
        origin.requests('/1')[1]?.headers['if-none-match'],
        undefined,
        'nothing is validated any more'
      )
    })
  }
})

t.test('retain does not shorten the stale windows of the route', async (t) => {
  const clock = stopClock(t)
  const { origin, get } = await proxiedApp(t, { cache: { retain: 0, staleIfError: '30s' } })
  origin.on('/', { headers: says('max-age=5'), body: 'first' }, { status: 503 })
  await get('/')
  clock.advance(34)
  t.match(await get('/'), { status: 200, body: 'first' })
})

t.test('an error with a lifetime replaces an expired response', async (t) => {
  const clock = stopClock(t)
  const { origin, get } = await proxiedApp(t)
  origin.on(
    '/',
    { headers: says('max-age=5'), body: 'first' },
    { status: 503, headers: says('max-age=9'), body: 'failed' }
  )
  await get('/')
  clock.advance(6)
  t.match(await get('/'), { status: 503, body: 'failed' })
  const again = await get('/')
  t.match(
    { status: again.status, body: again.body, hit: isHit(again) },
    { status: 503, body: 'failed', hit: true }
  )
})

t.test('an unrequested 304 renews no expired response', async (t) => {
  const clock = stopClock(t)
  const { origin, get } = await proxiedApp(t)
  origin.on(
    '/',
    { headers: says('max-age=5'), body: 'first' },
    { status: 304, headers: says('max-age=5') },
    { headers: says('max-age=5'), body: 'third' }
  )
  await get('/')
  clock.advance(6)
  t.match(await get('/'), { status: 304, body: '' })
  t.equal((await get('/')).body, 'third')
})

t.test(
  'staleWhileRevalidate and staleIfError of a route do not apply to responses that were never fresh',
  async (t) => {
    const rows: readonly Fields[] = [
      {},
      says('max-age=0'),
      says('s-maxage=0'),
      says('public, max-age=0'),
      says('no-cache'),
      says('no-cache, max-age=60'),
      { expires: '0' },
      { 'cdn-cache-control': 'max-age=0' }
    ]
    stopClock(t)
    const { origin, get } = await proxiedApp(t, {
      cache: { staleWhileRevalidate: '60s', staleIfError: '60s' }
    })
    for (const [i, fields] of rows.entries()) {
      for (const tags of [
        [undefined, undefined],
        ['"1"', '"2"']
      ]) {
        const path = `/${i}/${tags[0] === undefined ? 'none' : 'tagged'}`
        const answer = (etag: string | undefined, body: string) => ({
          headers: { ...fields, etag },
          body
        })
        origin.on(path, answer(tags[0], 'for the first'), answer(tags[1], 'for the second'), {
          status: 503
        })
        await get(path)
        const second = await get(path)
        t.match(
          { body: second.body, hit: isHit(second) },
          { body: 'for the second', hit: false },
          `${JSON.stringify(fields)}: ${JSON.stringify(ours(second))}`
        )
        t.equal(
          (await get(path)).status,
          503,
          `${JSON.stringify(fields)}: nor instead of an error`
        )
      }
    }
  }
)
