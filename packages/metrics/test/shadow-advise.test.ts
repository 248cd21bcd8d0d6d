import t from 'tap'
import {
  adviseFleet, adviseOn, collectionsOf, mergeFindings, memoryStore, RouteSample,
  type ShadowFinding, suggestedTags
} from '../src/index.js'
import { parseState } from '../src/parse.js'
import { readFindings } from '../src/shadow/read.js'
import { stateOf } from './told.js'

const HOUR = 3_600_000

/** A finding of a route that is worth caching for a minute. */
const findingOf = (more: Partial<ShadowFinding> = {}): ShadowFinding => ({
  ...new RouteSample('GET /api/products/:id', 0).finding(HOUR),
  requests: 3600,
  sampled: 3600,
  weight: 3600,
  eligible: 3600,
  keys: 10,
  hits: [0, 1000, 3000, 3400, 3450, 3500, 3500],
  judged: [0, 1000, 3000, 3400, 3450, 3500, 3500],
  stale: [0, 0, 10, 30, 500, 1000, 1000],
  probes: 1000,
  intervals: 900,
  micros: 20_000_000,
  bytes: 1_000_000,
  ...more
})

t.test('the shortest lifetime that brings nearly all fresh hits is recommended', async (t) => {
  t.match(adviseOn(findingOf()), {
    verdict: 'cache',
    cache: { ttl: '1m', tags: ['products', 'product:{id}'] },
    code: "config: { cache: { ttl: '1m', tags: ['products', 'product:{id}'] } }",
    handlerMs: 20,
    bodyBytes: 1000,
    requests: 3600,
    observed: 3600,
    requestsPerHour: 3600,
    expected: { hitRatio: 3400 / 3600, staleShare: 30 / 3400, savedMsPerHour: 3400 * 20 },
    missing: 0
  })
  // Fills per time, times lifetime, times size: 200 fills an hour, a minute, 1,000 bytes.
  t.equal(Math.round(adviseOn(findingOf()).expected?.memoryBytes ?? NaN), 3333)
  t.match(adviseOn(findingOf({ stale: [0, 0, 100, 300, 500, 1000, 1000] })), {
    cache: { ttl: '5s' }
  }, 'a minute would be too long')
  t.match(adviseOn(findingOf({ until: 8000 })), { verdict: 'no-gain' }, 'only 1s was observed')
  t.match(adviseOn(findingOf({ until: 1000 })), {
    verdict: 'more-data', reasons: [{ code: 'SHORT_TIME' }]
  })
})

t.test('nothing is recommended before there is enough data, and it says how much', async (t) => {
  t.match(adviseOn(findingOf({ sampled: 150 })), { verdict: 'more-data', missing: 50, cache: null })
  t.match(adviseOn(findingOf({ judged: [0, 10, 20, 40, 40, 40, 40] })), {
    verdict: 'more-data', missing: 60, reasons: [{ code: 'FEW_COMPARISONS' }]
  })
  t.match(adviseOn(findingOf({ until: 60_000, judged: [3, 3, 43, 81, 255, 515, 515] })), {
    verdict: 'more-data', missing: 57
  }, 'lifetimes that cannot be recommended yet do not count')
  t.match(adviseOn(findingOf({ intervals: 249 })), {
    verdict: 'more-data', missing: 1, compared: 249, reasons: [{ code: 'FEW_COMPARISONS' }]
  })
  t.match(adviseOn(findingOf({ brief: 1, changes: 2, flips: 1 })), {
    verdict: 'more-data', cache: null, reasons: [{ code: 'ALTERNATES' }]
  }, 'a body was back at once')
  for (const alternating of [{ brief: 3, changes: 90 }, { statusFlips: 1 }]) {
    t.match(adviseOn(findingOf(alternating)), {
      verdict: 'do-not-share', reasons: [{ code: 'ALTERNATES' }]
    })
  }
  t.match(adviseOn(findingOf({ sampled: 199 })), {
    missing: 1, reasons: [{ text: '1 more observed request is needed.' }]
  })
  t.match(adviseOn(new RouteSample('GET /', 0).finding(HOUR)), {
    verdict: 'more-data', missing: 200, handlerMs: 0, bodyBytes: 0
  })
})

t.test('no single sign of danger is outvoted by any gain', async (t) => {
  const signs = findingOf().signs
  const dangers: Readonly<Record<string, Partial<ShadowFinding>>> = {
    SET_COOKIE: { signs: { ...signs, setCookie: 1 } },
    PRIVATE: { signs: { ...signs, private: 1 } },
    NO_STORE: { signs: { ...signs, noStore: 1 } },
    VARY_ANY: { signs: { ...signs, varyAny: 1 } },
    VARY_USER: { signs: { ...signs, varyUser: 1 } },
    USER_BODIES: { users: { same: 1000, differ: 0, proven: 1, unclear: 0 } },
    USERS_DIFFER: { users: { same: 19, differ: 1, proven: 0, unclear: 0 } },
    REFUSES: { refused: 1 },
    ALTERNATES: { flips: 3, changes: 6 },
    USERS_ONLY: { eligible: 0, signs: { ...signs, credentials: 1000 } },
    STATUS: { signs: { ...signs, status: 501 } },
    EXPIRED: { signs: { ...signs, expired: 1000 } },
    TOO_LARGE: { signs: { ...signs, tooLarge: 501 } }
  }
  for (const [code, more] of Object.entries(dangers)) {
    const { verdict, cache, expected, reasons } = adviseOn(findingOf(more))
    t.strictSame([verdict, cache, expected, reasons[0]?.code], ['do-not-share', null, null, code])
  }
  t.match(adviseOn(findingOf({
    eligible: 0, identified: 3600, probes: 0, hits: [0, 0, 0, 0, 0, 0, 0]
  })), { verdict: 'do-not-share', reasons: [{ code: 'USERS_ONLY' }] }, 'also if nothing was probed')
  t.match(adviseOn(findingOf({
    eligible: 100, identified: 3500, hits: [0, 0, 1, 1, 1, 1, 1]
  })), {
    verdict: 'no-gain',
    reasons: [{
      text: 'Within 5m, 1.0% of the requests that a cache may answer repeat an earlier one.'
    }, { code: 'CREDENTIALS' }]
  })
  t.match(adviseOn(findingOf({ users: { same: 20, differ: 1, proven: 0, unclear: 0 } })), {
    verdict: 'cache'
  }, 'the response changed between the requests of two users')
  t.match(adviseOn(findingOf({ users: { same: 20, differ: 0, proven: 0, unclear: 1 } })), {
    verdict: 'do-not-share'
  })
})

t.test('vary and writes are part of the code', async (t) => {
  const { code, reasons } = adviseOn(findingOf({
    headers: {
      origin: { same: 9, differ: 0, proven: 0 },
      accept: { same: 0, differ: 3, proven: 2 },
      'x-tenant': { same: 0, differ: 3, proven: 2 }
    },
    declaredVary: ['x-tenant'],
    signs: { ...findingOf().signs, credentials: 500 },
    carried: ['x-access-token'],
    intervals: 300,
    changes: 10,
    writes: {
      'PUT /api/products/:id': [8, 2],
      'POST /api/products/:id/views': [2, 88],
      'POST /': [3, 0]
    }
  }))
  t.equal(code, [
    "// Options of the response cache: { credentials: ['x-access-token'] }",
    "config: { cache: { ttl: '1m', vary: ['accept'], tags: ['products', 'product:{id}'] } }",
    '// PUT /api/products/:id',
    "config: { invalidates: ['products', 'product:{id}'] }"
  ].join('\n'))
  t.strictSame(reasons.map((reason) => reason.code), [
    'IDENTICAL', 'CREDENTIALS', 'CREDENTIAL_HEADERS', 'VARY', 'VARY', 'WRITES', 'WRITES'
  ])
})

t.test('tags follow the path', async (t) => {
  for (const [path, tags, collections] of [
    ['/api/products/:id', ['products', 'product:{id}'], ['products']],
    ['/v2/categories', ['categories'], ['categories']],
    ['/categories/:slug/products', ['products', 'category:{slug}'], ['categories', 'products']],
    ['/shops/:shop/news/:id(^\\d+)', ['news', 'shop:{shop}', 'news:{id}'], ['shops', 'news']],
    ['/files/*', ['files'], ['files']],
    ['/address/:id?', ['address'], ['address']],
    ['/addresses/:id', ['addresses', 'address:{id}'], ['addresses']],
    ['/boxes/:id', ['boxes', 'box:{id}'], ['boxes']],
    ['/branches/:id', ['branches', 'branch:{id}'], ['branches']],
    ['/series/:id', ['series', 'series:{id}'], ['series']],
    ['/x/:id::verb', ['x'], ['x']],
    ['/:id', [], []],
    ['/a::b/:from-:to', [':to'].slice(1), []],
    ['/', [], []],
    ['/api', [], []]
  ] as const) {
    t.strictSame(suggestedTags(path), tags, path)
    t.strictSame(collectionsOf(path), collections, path)
  }
})

t.test('findings of instances are added up', async (t) => {
  const one = findingOf({
    since: 5,
    until: 10,
    keys: 3,
    declaredVary: ['b'],
    writes: { w: [1, 2] },
    headers: { accept: { same: 1, differ: 2, proven: 3 } }
  })
  const other = findingOf({
    since: 7, until: 20, keys: 4, declaredVary: ['a'], writes: { w: [1, 2], v: [1, 0] }
  })
  t.match(mergeFindings(one, other), {
    since: 5,
    until: 20,
    keys: 4,
    requests: 7200,
    hits: [0, 2000, 6000, 6800, 6900, 7000, 7000],
    declaredVary: ['a', 'b'],
    writes: { w: [2, 4], v: [1, 0] },
    headers: { accept: { same: 1, differ: 2, proven: 3 } }
  })
})

t.test('a fleet is advised on its routes, those that save most first', async (t) => {
  const store = memoryStore()
  const write = (run: string, startedAt: number, shadow: readonly ShadowFinding[], cached = '') =>
    store.write(stateOf(run, {
      startedAt, shadow, ...(cached !== '' && { routes: [{ route: cached, cache: {} }] })
    }), [])
  const cheap = findingOf({ route: 'GET /cheap', micros: 1_000_000 })
  await write('1', 1, [cheap, findingOf(), findingOf({ route: 'GET /later' })])
  await write('2', 2, [findingOf()], 'GET /later')
  await write('3', 3, [findingOf({ route: 'GET /none', sampled: 1, requests: 9 })], 'GET /cached')
  const { routes, cached } = adviseFleet(await store.instances())
  t.strictSame(routes.map(({ route, instances, verdict }) => [route, instances, verdict]), [
    ['GET /api/products/:id', 2, 'cache'],
    ['GET /cheap', 1, 'cache'],
    ['GET /none', 1, 'more-data']
  ])
  t.strictSame(cached, [
    { service: 'shop', route: 'GET /cached' }, { service: 'shop', route: 'GET /later' }
  ])
  await write('4', 4, [findingOf({ route: 'GET /later' })])
  t.match(adviseFleet(await store.instances()), { cached: [{ route: 'GET /cached' }] },
    'a version that does not cache the route any more')
})

t.test('findings survive the store, and malformed ones do no harm', async (t) => {
  const finding = findingOf({
    writes: { 'PUT /x': [1, 2] }, headers: { accept: { same: 1, differ: 2, proven: 3 } }
  })
  const text = JSON.stringify(stateOf('1', { shadow: [finding] }))
  t.strictSame(parseState(text)?.shadow, [finding])
  t.equal(parseState(JSON.stringify({ ...stateOf('1'), shadow: 'x' }))?.shadow, undefined)
  t.strictSame(readFindings([null, 1, {}, { route: 1 }, { route: 'x'.repeat(301) }]), [])
  t.match(readFindings([{
    route: 'GET /', requests: -1, hits: ['x', 3], signs: 1, users: 2, headers: [], writes: { w: 1 }
  }]), [{
    requests: 0, hits: [0, 3, 0, 0, 0, 0, 0], signs: { private: 0 }, writes: { w: [0, 0] }
  }])
  t.equal(readFindings(Array.from({ length: 100 }, () => finding)).length, 64)
})
