import { memoryStore } from '@weir/cache/memory'
import { selectingQuery } from '@weir/http'
import t, { type Test } from 'tap'
import { isHit, ours } from './cache-status.js'
import { stopClock } from './clock.js'
import { type Answering, type Fields, type Origin, startOrigin } from './origin.js'
import { proxiedApp } from './proxied-app.js'
import { gate } from './tally.js'
import { twoApps } from './two-apps.js'

const FRESH = { 'cache-control': 'max-age=60' }
const UTM = 'params=("utm")'

/**
 * Answers each of these paths with itself as the body. It has no length, so that its end reaches
 * the client once it is stored.
 */
function echo (
  origin: Origin,
  paths: readonly string[],
  headers: Fields,
  after?: Promise<unknown>
): void {
  const answer: Answering = ({ path }) => ({
    headers: { ...FRESH, ...headers },
    body: [path],
    ...(after !== undefined && { after })
  })
  for (const path of paths) origin.always(path, answer)
}

const requests = (origin: Origin, paths: readonly string[]) =>
  paths.reduce((sum, path) => sum + origin.requests(path).length, 0)

type Case = readonly [field: string | readonly string[], first: string, second: string]

/**
 * Checks whether the second query gets the response stored for the first, both when the rule was
 * just learned and when it is known.
 */
async function check (t: Test, expected: 'match' | 'miss', cases: readonly Case[]): Promise<void> {
  const clock = stopClock(t)
  const { origin, get } = await proxiedApp(t)
  for (const [i, [field, first, second]] of cases.entries()) {
    for (const known of [false, true]) {
      const path = `/${i}/${String(known)}`
      const [a, b, other] = [path + first, path + second, `${path}?a=other&b=other`]
      const name = `No-Vary-Search: ${String(field)}, ${first} and ${second}${known ? ', known before' : ''}`
      echo(origin, [a, b, other], { 'no-vary-search': field })
      if (known) await get(other)
      clock.advance(61)
      await get(a)
      const answer = await get(b)
      t.match(
        { body: answer.body, hit: isHit(answer) },
        { body: expected === 'match' ? a : b, hit: expected === 'match' },
        name
      )
      t.equal(
        answer.headers['no-vary-search'],
        [field].flat().join(', '),
        `${name}: clients are told`
      )
      for (const again of [a, b]) {
        t.match({ hit: isHit(await get(again)) }, { hit: true }, `${name}: stored`)
      }
      t.equal(
        requests(origin, [a, b]),
        expected === 'match' ? 1 : 2,
        `${name}: requests to the origin`
      )
    }
  }
}

t.test('section 7: queries that the stored response allows', async (t) => {
  await check(t, 'match', [
    [UTM, '?a=1&utm=1', '?a=1&utm=2'],
    [UTM, '?a=1&utm=1', '?utm=2&a=1&utm=3'],
    [UTM, '?a=1&utm=1', '?a=1'],
    [UTM, '?utm=1', ''],
    [UTM, '?a=1', '?%61=%31'],
    [UTM, '?a=%20', '?a=+'],
    ['params', '?a=1', '?b=2'],
    ['params', '?a=1', ''],
    ['params, except=("a")', '?a=1&b=1', '?c&a=1'],
    ['key-order', '?a=1&b=2', '?b=2&a=1'],
    ['key-order, params, except=("a" "b")', '?a=1&b=2&c=3', '?b=2&a=1&d=4'],
    [['key-order', 'params=("utm")'], '?a=1&b=2&utm=3', '?b=2&a=1'],
    ['params=("%C3%A9+x")', '?%c3%a9%20x=1', '?%C3%A9+x=2'],
    ['later=1, key-order', '?a=1&b=2', '?b=2&a=1']
  ])
})

t.test('section 7: queries that it does not allow', async (t) => {
  await check(t, 'miss', [
    [UTM, '?a=1&utm=1', '?a=2&utm=1'],
    [UTM, '?a=1&b=2', '?b=2&a=1'],
    [UTM, '?UTM=1', '?UTM=2'],
    [UTM, '?a=1&utm=1', '?a=1&a=1&utm=1'],
    [UTM, '?a=1%26utm=2', '?a=1&utm=2'],
    ['params, except=("a")', '?a=1', '?a=2'],
    ['params, except=("a")', '?a=', '?b'],
    ['params, except=("a" "b")', '?a=1&b=2', '?b=2&a=1'],
    ['key-order', '?a=1&a=2', '?a=2&a=1'],
    ['key-order', '?a=1&b=2', '?a=2&b=1'],
    ['key-order', '?a=%2B', '?a=+']
  ])
})

t.test('sections 5 and 6: an invalid or default field has no effect', async (t) => {
  await check(
    t,
    'miss',
    [
      'params=("utm"',
      'params="utm"',
      'params=(utm)',
      'except=()',
      'params=?0',
      'params=()',
      'key-order=?0',
      'unknown',
      'params=("utm"), except=("a")'
    ].flatMap((field): Case[] => [
      [field, '?a=1&utm=1', '?a=1&utm=2'],
      [field, '?a', '?a=']
    ])
  )
})

t.test(
  'malformed queries share nothing, even if they would be equivalent',
  async (t) => {
    await check(t, 'miss', [
      ['key-order', '?a=%f6', '?a=%f7'],
      ['key-order', '?a=%f6', '?a=%ef%bf%bd'],
      ['params', '?a=%', '?a=%25%'],
      ['params', '?a=1', '?a=%f6']
    ])
  }
)

t.test(
  'generated queries: no query gets a response that it does not match, and each response is fetched once',
  async (t) => {
    const { origin, get } = await proxiedApp(t)
    let seed = 8
    const random = (below: number) => {
      seed = (seed * 48_271) % 2_147_483_647
      return seed % below
    }
    const variance = { anyOrder: true, selecting: 'others', names: ['u', 'v'] } as const
    const PAIRS = ['a=1', 'a=2', '%61=1', 'b', 'b=', 'u=1', 'u=2', 'v', 'a=1%26u', '']
    const fetched = new Set<string>()
    for (let i = 0; i < 300; i++) {
      const path = `/?${Array.from({ length: random(4) }, () => PAIRS[random(PAIRS.length)]).join('&')}`
      echo(origin, [path], { 'no-vary-search': 'key-order, params=("u" "v")' })
      const { body } = await get(path)
      if (selectingQuery(variance, body.slice(1)) !== selectingQuery(variance, path.slice(1))) {
        t.fail(`${path} was answered with ${body}`)
      }
      fetched.add(body)
    }
    const classes = new Set([...fetched].map((path) => selectingQuery(variance, path.slice(1))))
    t.equal(requests(origin, [...fetched]), classes.size)
    t.ok(classes.size > 20)
  }
)

t.test('a rule does not apply to other routes and paths', async (t) => {
  const { origin, get } = await proxiedApp(t)
  echo(origin, ['/a?utm=1'], { 'no-vary-search': UTM })
  echo(origin, ['/b?utm=1', '/b?utm=2', '/a/?utm=1', '/a/?utm=2'], {})
  await get('/a?utm=1')
  for (const path of ['/b?utm=1', '/b?utm=2', '/a/?utm=1', '/a/?utm=2']) {
    t.equal((await get(path)).body, path)
  }
})

t.test(
  'a changing rule: each response serves the queries that its own field allows',
  async (t) => {
    const clock = stopClock(t)
    const { origin, get } = await proxiedApp(t)
    const path = (a: number, b: number) => `/?a=${a}&b=${b}`
    const all = [path(1, 1), path(1, 2), path(2, 1), path(2, 2)]
    const round = async () => {
      const bodies = []
      for (const one of all) bodies.push((await get(one)).body)
      return bodies
    }
    echo(origin, all, { 'no-vary-search': 'params=("b")' })
    t.strictSame(await round(), [path(1, 1), path(1, 1), path(2, 1), path(2, 1)])
    clock.advance(61)
    echo(origin, all, { 'no-vary-search': 'params=("a")' })
    t.strictSame(await round(), [path(1, 1), path(1, 2), path(1, 1), path(1, 2)], 'changed')
    t.strictSame(await round(), [path(1, 1), path(1, 2), path(1, 1), path(1, 2)])
    t.equal(requests(origin, all), 4)
    clock.advance(61)
    echo(origin, all, {})
    t.strictSame(await round(), all, 'withdrawn')
    t.strictSame(await round(), all)
    t.equal(requests(origin, all), 8)
    clock.advance(61)
    echo(origin, all, { 'no-vary-search': 'params' })
    const again = await round()
    t.equal(new Set(again).size, 1, 'back, and another')
    t.equal(requests(origin, all), 9)
  }
)

t.test('a changing rule while its responses are fresh', async (t) => {
  const clock = stopClock(t)
  const { origin, get } = await proxiedApp(t)
  const all = ['/?a=1&b=1', '/?a=1&b=2', '/?a=2&b=2']
  echo(origin, all, { 'no-vary-search': 'params=("b")' })
  await get('/?a=1&b=1')
  clock.advance(10)
  echo(origin, all, { 'no-vary-search': 'params=("a")' })
  t.equal((await get('/?a=2&b=2')).body, '/?a=2&b=2')
  t.equal((await get('/?a=1&b=2')).body, '/?a=2&b=2', 'of two that match, the newer is used')
  t.notOk(isHit(await get('/?a=3&b=3')), 'nothing is used that no field allows')
})

t.test(
  'a changing rule: keys of two rules never collide',
  async (t) => {
    const { origin, get } = await proxiedApp(t)
    echo(origin, ['/?a=1&b=1'], { 'no-vary-search': 'params=("b")' })
    echo(origin, ['/?z&c=1', '/?a=1&c=1', '/?a=1&c=2'], { 'no-vary-search': 'params=("c")' })
    await get('/?a=1&b=1')
    await get('/?z&c=1')
    t.equal((await get('/?a=1&c=1')).body, '/?a=1&c=1')
    t.equal((await get('/?a=1&c=2')).body, '/?a=1&c=1')
  }
)

t.test(
  "a response without the field serves only its own query, and the path's rule stays",
  async (t) => {
    const clock = stopClock(t)
    const { origin, get, arrived } = await proxiedApp(t)
    const found = ['/?id=1&utm=1', '/?id=1&utm=2']
    const missing = ['/?id=9&utm=1', '/?id=9&utm=2']
    echo(origin, found, { 'no-vary-search': UTM })
    for (const path of missing) {
      origin.always(path, { status: 404, headers: { 'cache-control': 'max-age=10' }, body: path })
    }
    await get('/?id=1&utm=1')
    for (const path of [...missing, ...missing]) {
      t.match(await get(path), { status: 404, body: path })
    }
    t.equal(requests(origin, missing), 2, 'each is stored')
    t.ok(isHit(await get('/?id=1&utm=2')))
    clock.advance(11)
    const { open, opened } = gate()
    echo(origin, missing, { 'no-vary-search': UTM }, opened)
    const answers = missing.map((path) => get(path))
    await Promise.all(missing.map((path) => arrived(path, 3)))
    open()
    t.match(await Promise.all(answers), [{ status: 200 }, { status: 200 }])
    t.equal(requests(origin, missing), 3, 'later its key is the one of the rule again')
  }
)

t.test('circular references to a response: the handler is called', async (t) => {
  const clock = stopClock(t)
  const { origin, get, send } = await proxiedApp(t)
  echo(origin, ['/?a'], { 'no-vary-search': 'params' })
  await get('/?a')
  clock.advance(61)
  // The key of /?a has a note about the rule, and the key that the rule makes now has a note that
  // there is none.
  echo(origin, ['/?a', '/?b'], { 'cache-control': 'max-age=600' })
  t.equal((await get('/?b')).body, '/?b')
  t.match(await send('HEAD', '/?a'), { status: 200 })
  t.match(await get('/?a', { 'cache-control': 'only-if-cached' }), { status: 504 })
  t.equal((await get('/?a')).body, '/?a')
  for (const path of ['/?a', '/?b']) {
    t.match(await get(path), { body: path, headers: { 'cache-status': /; hit/ } })
  }
})

t.test('a write to any query of the path invalidates the responses of its rule', async (t) => {
  const { origin, get, send } = await proxiedApp(t)
  const all = ['/?a=1&utm=1', '/?a=1&utm=2', '/?a=2&utm=1', '/other?utm=1']
  echo(origin, all, { 'no-vary-search': UTM })
  for (const path of all) await get(path)
  origin.on('/?x', { status: 204 })
  await send('POST', '/?x')
  t.notOk(isHit(await get('/?a=1&utm=2')))
  t.notOk(isHit(await get('/?a=2&utm=1')))
  t.ok(isHit(await get('/other?utm=2')))
})

t.test(
  'a write invalidates a response being fetched, even while its rule is unknown',
  async (t) => {
    const { origin, get, send } = await proxiedApp(t)
    const { open, opened } = gate()
    echo(origin, ['/?a&utm=1', '/?a&utm=2'], { 'no-vary-search': UTM }, opened)
    const first = get('/?a&utm=1')
    await origin.received('/?a&utm=1')
    origin.on('/?x', { status: 204 })
    await send('POST', '/?x')
    open()
    await first
    t.equal((await get('/?a&utm=2')).body, '/?a&utm=2')
  }
)

t.test('Vary: a variant for each distinct query', async (t) => {
  const { origin, get } = await proxiedApp(t)
  const paths = ['?a=1&utm=1', '?a=1&utm=2', '?a=2&utm=1', '?a=2&utm=2'].map((query) => `/${query}`)
  for (const path of paths) {
    origin.always(path, ({ headers }) => ({
      headers: { ...FRESH, 'no-vary-search': UTM, vary: 'accept-language' },
      body: `${headers['accept-language']} ${path}`
    }))
  }
  for (const language of ['de', 'en']) {
    for (const path of paths) {
      t.equal(
        (await get(path, { 'accept-language': language })).body,
        `${language} ${path.replace('utm=2', 'utm=1')}`
      )
    }
  }
  t.equal(requests(origin, paths), 4)
})

t.test('Vary: a response without the field keeps its own variants', async (t) => {
  const clock = stopClock(t)
  const { origin, get } = await proxiedApp(t)
  const both = ['/?utm=1', '/?utm=2']
  const script = (headers: Fields) => {
    for (const path of both) {
      origin.always(path, (request) => ({
        headers: { ...FRESH, vary: 'accept-language', ...headers },
        body: `${request.headers['accept-language']} ${path}`
      }))
    }
  }
  const languages = ['de', 'en']
  script({ 'no-vary-search': UTM })
  for (const language of languages) await get('/?utm=1', { 'accept-language': language })
  clock.advance(61)
  script({})
  for (let round = 0; round < 2; round++) {
    for (const language of languages) {
      for (const path of both) {
        t.equal((await get(path, { 'accept-language': language })).body, `${language} ${path}`)
      }
    }
  }
  t.equal(requests(origin, both), 2 + 4)
})

const QUERIES = Array.from({ length: 20 }, (_, i) => `/?a&utm=${i}`)

t.test(
  'concurrent requests that differ only in ignored parameters cost one request, once the rule is known',
  async (t) => {
    const { origin, get, arrived } = await proxiedApp(t)
    const { open, opened } = gate()
    echo(origin, ['/?b'], { 'no-vary-search': UTM })
    echo(origin, QUERIES, { 'no-vary-search': UTM }, opened)
    await get('/?b')
    const answers = QUERIES.map((path) => get(path))
    await Promise.all(QUERIES.map((path) => arrived(path, 1)))
    open()
    t.equal(new Set((await Promise.all(answers)).map(({ body }) => body)).size, 1)
    t.equal(requests(origin, QUERIES), 1)
  }
)

t.test(
  'concurrent requests for one URL cost one request while its rule is unknown',
  async (t) => {
    const { origin, get, arrived } = await proxiedApp(t)
    const { open, opened } = gate()
    echo(origin, ['/?a&utm=1'], { 'no-vary-search': UTM }, opened)
    const answers = Array.from({ length: 10 }, () => get('/?a&utm=1'))
    await arrived('/?a&utm=1', 10)
    open()
    await Promise.all(answers)
    t.equal(requests(origin, ['/?a&utm=1']), 1)
  }
)

t.test(
  'concurrent requests cost one more request when the rule changes, and one each when it is withdrawn',
  async (t) => {
    const clock = stopClock(t)
    const { origin, get, arrived } = await proxiedApp(t)
    const rounds: readonly [Fields, number][] = [
      [{ 'no-vary-search': UTM }, 1],
      [{ 'no-vary-search': 'key-order, params=("utm")' }, 2],
      [{}, QUERIES.length]
    ]
    echo(origin, ['/?b'], { 'no-vary-search': UTM })
    await get('/?b')
    for (const [round, [headers, most]] of rounds.entries()) {
      const { open, opened } = gate()
      echo(origin, QUERIES, headers, opened)
      const before = requests(origin, QUERIES)
      const answers = QUERIES.map((path) => get(path))
      await Promise.all(QUERIES.map((path) => arrived(path, round + 1)))
      open()
      const bodies = (await Promise.all(answers)).map(({ body }) => body)
      const asked = requests(origin, QUERIES) - before
      t.ok(asked <= most, `${asked} requests`)
      if (round === 2) t.strictSame(bodies, QUERIES)
      clock.advance(61)
    }
  }
)

t.test('request directives and HEAD apply to the response that the rule selects', async (t) => {
  stopClock(t)
  const { origin, get, send } = await proxiedApp(t)
  const all = ['/?a&utm=1', '/?a&utm=2', '/?a&utm=3', '/?b&utm=1']
  echo(origin, all, { 'no-vary-search': UTM })
  t.match(await get('/?a&utm=1', { 'cache-control': 'only-if-cached' }), { status: 504 })
  await get('/?a&utm=1')
  t.match(await get('/?a&utm=2', { 'cache-control': 'only-if-cached' }), {
    status: 200,
    body: '/?a&utm=1'
  })
  t.match(await get('/?b&utm=1', { 'cache-control': 'only-if-cached' }), { status: 504 })
  t.ok(isHit(await send('HEAD', '/?a&utm=4')))
  t.equal((await get('/?a&utm=2', { 'cache-control': 'no-cache' })).body, '/?a&utm=2')
  t.equal((await get('/?a&utm=1')).body, '/?a&utm=2', 'no-cache has renewed it for all')
  t.match(await get('/?a&utm=3', { 'cache-control': 'no-cache, no-store' }), { body: '/?a&utm=3' })
  t.equal((await get('/?a&utm=1')).body, '/?a&utm=2')
})

t.test(
  'stale: another query validates it, revalidates it in the background, and gets it on error',
  async (t) => {
    const clock = stopClock(t)
    const { origin, get, answered } = await proxiedApp(t)
    const headers = {
      'cache-control': 'max-age=10, stale-while-revalidate=10, stale-if-error=60',
      'no-vary-search': UTM,
      etag: '"1"'
    }
    origin.on('/?a&utm=1', { headers, body: 'one' })
    await get('/?a&utm=1')
    clock.advance(15)
    origin.on('/?a&utm=2', { headers: { ...headers, etag: '"2"' }, body: 'two' })
    t.equal((await get('/?a&utm=2')).body, 'one')
    await answered('/?a&utm=2', 2)
    t.equal(origin.requests('/?a&utm=2')[0]?.headers['if-none-match'], '"1"')
    t.match(await get('/?a&utm=1'), { body: 'two', headers: { 'cache-status': /; hit/ } })
    clock.advance(30)
    origin.on('/?a&utm=3', { status: 503 }, { status: 304, headers: { ...headers, etag: '"2"' } })
    t.match(await get('/?a&utm=3'), { status: 200, body: 'two' })
    t.match(await get('/?a&utm=3'), { status: 200, body: 'two' })
    t.match(ours(await get('/?a&utm=4')), { hit: true })
  }
)

t.test('stale: a background revalidation stores by a changed rule', async (t) => {
  const clock = stopClock(t)
  const { origin, get, answered } = await proxiedApp(t)
  const headers = { 'cache-control': 'max-age=10, stale-while-revalidate=60' }
  origin.on('/?a=1&b=1', { headers: { ...headers, 'no-vary-search': 'params=("b")' }, body: 'one' })
  await get('/?a=1&b=1')
  clock.advance(15)
  origin.on('/?a=1&b=2', { headers: { ...headers, 'no-vary-search': 'params=("a")' }, body: 'two' })
  t.equal((await get('/?a=1&b=2')).body, 'one')
  await answered('/?a=1&b=2', 2)
  t.match(await get('/?a=2&b=2'), { body: 'two', headers: { 'cache-status': /; hit/ } })
  origin.on('/?a=1&b=3', { headers, body: 'three' })
  t.equal((await get('/?a=1&b=3')).body, 'three')
})

t.test('an uncacheable response does not change the rule', async (t) => {
  const { origin, get } = await proxiedApp(t)
  echo(origin, ['/?a&utm=1'], { 'no-vary-search': UTM })
  await get('/?a&utm=1')
  origin.on('/?b&utm=1', {
    headers: { 'cache-control': 'private', 'no-vary-search': 'params' },
    body: 'own'
  })
  t.equal((await get('/?b&utm=1')).body, 'own')
  t.equal((await get('/?a&utm=2')).body, '/?a&utm=1')
  origin.on('/?b&utm=2', { headers: FRESH, body: 'not own' })
  t.equal((await get('/?b&utm=2')).body, 'not own')
})

t.test('two instances share rules and their responses', async (t) => {
  const clock = stopClock(t)
  const [a, b] = await twoApps(t)
  const { origin } = a
  const all = ['/?a=1&utm=1', '/?a=1&utm=2', '/?a=2&utm=1', '/?a=2&utm=2']
  echo(origin, all, { 'no-vary-search': UTM })
  await a.get('/?a=1&utm=1')
  t.match(await b.get('/?a=1&utm=2'), { body: '/?a=1&utm=1', headers: { 'cache-status': /; hit/ } })
  await b.get('/?a=2&utm=2')
  t.equal((await a.get('/?a=2&utm=1')).body, '/?a=2&utm=2')
  origin.on('/', { status: 204 })
  await a.send('POST', '/')
  echo(origin, all, { 'no-vary-search': 'params=("a")' })
  t.equal((await b.get('/?a=1&utm=1')).body, '/?a=1&utm=1')
  clock.advance(2)
  t.match(
    await a.get('/?a=2&utm=1'),
    { body: '/?a=1&utm=1', headers: { 'cache-status': /; hit/ } },
    'the rule that the other has learned'
  )
  t.equal((await a.get('/?a=2&utm=2')).body, '/?a=2&utm=2')
  t.equal((await b.get('/?a=1&utm=2')).body, '/?a=2&utm=2')
})

t.test('two instances: concurrent requests cost one request in all', async (t) => {
  const [a, b] = await twoApps(t)
  const { origin } = a
  const { open, opened } = gate()
  echo(origin, ['/?b'], { 'no-vary-search': UTM })
  echo(origin, QUERIES, { 'no-vary-search': UTM }, opened)
  await a.get('/?b')
  const answers = QUERIES.map((path, i) => (i % 2 === 0 ? a : b).get(path))
  await Promise.all(QUERIES.map((path, i) => (i % 2 === 0 ? a : b).arrived(path, 1)))
  open()
  t.equal(new Set((await Promise.all(answers)).map(({ body }) => body)).size, 1)
  t.equal(requests(origin, QUERIES), 1)
})

t.test('two instances: a changed rule arrives within a second', async (t) => {
  const clock = stopClock(t)
  const [a, b] = await twoApps(t)
  const { origin } = a
  echo(origin, ['/?a=1&b=1'], { 'no-vary-search': 'params=("b")' })
  await a.get('/?a=1&b=1')
  echo(origin, ['/?c=1&a=1', '/?c=1&a=2'], { 'no-vary-search': 'params=("a")' })
  await b.get('/?c=1&a=1')
  clock.advance(1)
  t.match(await a.get('/?c=1&a=2'), { body: '/?c=1&a=1', headers: { 'cache-status': /; hit/ } })
})

t.test(
  'an instance serves a response of the exact URL until it learns of a rule in the background',
  async (t) => {
    const clock = stopClock(t)
    const upstream = await startOrigin(t)
    const shared = { store: memoryStore(), upstream, origin: 'http://site.test' }
    const [a, b] = [await proxiedApp(t, shared), await proxiedApp(t, shared)]
    echo(upstream, ['/?a&utm=1'], {})
    await b.get('/?a&utm=1')
    echo(upstream, ['/?b&utm=1', '/?a&utm=2'], { 'no-vary-search': UTM })
    await a.get('/?b&utm=1')
    await a.get('/?a&utm=2')
    t.equal((await a.get('/?a&utm=1')).body, '/?a&utm=2')
    clock.advance(1)
    t.equal((await b.get('/?a&utm=1')).body, '/?a&utm=1')
    t.equal((await b.get('/?a&utm=1')).body, '/?a&utm=2')
  }
)

t.test('an instance that has just looked up a rule learns of a new one within a second', async (t) => {
  const clock = stopClock(t)
  const [a, b] = await twoApps(t)
  const { origin } = a
  const all = ['/?a&utm=1', '/?a&utm=2', '/?b&utm=1', '/?b&utm=2']
  echo(origin, all.slice(0, 1), {})
  await b.get('/?a&utm=1')
  echo(origin, all, { 'no-vary-search': UTM })
  await a.get('/?b&utm=1')
  t.equal((await b.get('/?b&utm=2')).body, '/?b&utm=2', 'its own, as without a rule')
  clock.advance(1)
  t.equal((await b.get('/?a&utm=1')).body, '/?a&utm=1')
  t.match((await b.get('/?b&utm=3')), { headers: { 'cache-status': /; hit/ } })
})
