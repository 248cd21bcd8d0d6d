import t from 'tap'
import { lastMember } from '../load/cache-status.js'
import { judge } from '../load/outcome.js'
import { Recorder } from '../load/recorder.js'

t.test('the last member of Cache-Status is that of the cache nearest to the client', (t) => {
  const read = (field: string) => {
    const member = lastMember(field)
    return member && [member.cache, Object.fromEntries(member.parameters)]
  }
  t.strictSame(read('catalog-1; hit; ttl=57; detail=memory'), [
    'catalog-1',
    { hit: true, ttl: '57', detail: 'memory' }
  ])
  t.strictSame(read('origin; hit, edge;fwd=uri-miss ; stored'), [
    'edge',
    { fwd: 'uri-miss', stored: true }
  ])
  t.strictSame(read('"a, b; \\"c\\""; hit; key="x;y,z"; detail="say \\\\"'), [
    'a, b; "c"',
    { hit: true, key: 'x;y,z', detail: 'say \\' }
  ])
  t.equal(read(''), undefined)
  t.equal(read(' '), undefined)
  t.end()
})

t.test('outcomes of responses', (t) => {
  const cases: [number, string | undefined, string, boolean | undefined][] = [
    [200, 'a; hit; ttl=57; detail=memory', 'memory', true],
    [200, 'a; hit; ttl=57; detail=OUTAGE', 'memory', true],
    [200, 'a; hit; ttl=57; detail=store', 'store', true],
    [200, 'a; hit; ttl=57', 'store', true],
    [200, 'a; hit; ttl=-3; detail=memory', 'stale', true],
    [200, 'a; fwd=stale; fwd-status=500; ttl=-9; detail=STALE_IF_ERROR', 'stale', true],
    [200, 'a; fwd=uri-miss; collapsed; ttl=60', 'coalesced', true],
    [200, 'a; fwd=uri-miss; collapsed=?0', 'miss', false],
    [200, 'a; fwd=uri-miss; ttl=60; stored', 'miss', false],
    [200, 'a; fwd=uri-miss; detail=PRIVATE', 'miss', false],
    [200, 'a; fwd=stale; ttl=60; stored', 'miss', false],
    [200, 'a; fwd=request; ttl=60; stored', 'bypass', undefined],
    [200, 'a; fwd=bypass', 'bypass', undefined],
    [200, 'a; fwd=method', 'uncached', undefined],
    [200, undefined, 'uncached', undefined],
    [304, 'a; hit; ttl=57; detail=memory', '304', true],
    [304, 'a; fwd=uri-miss; ttl=60; stored', '304', false],
    [304, undefined, '304', undefined],
    [429, undefined, 'limited', undefined],
    [404, 'a; hit; ttl=7; detail=memory', 'error', undefined],
    [503, undefined, 'error', undefined]
  ]
  for (const [status, cacheStatus, outcome, found] of cases) {
    const instance = cacheStatus === undefined ? undefined : 'a'
    t.strictSame(
      judge({ status, cacheStatus, isWrite: false }),
      { outcome, found, instance },
      `${status} ${cacheStatus}`
    )
  }
  t.match(judge({ status: 200, cacheStatus: 'a; fwd=method', isWrite: true }), {
    outcome: 'write',
    found: undefined,
    instance: 'a'
  })
  t.match(judge({ status: 412, cacheStatus: 'a; fwd=method', isWrite: true }), { outcome: 'error' })
  t.end()
})

t.test('figures are exact counts, and percentiles to three digits', (t) => {
  const recorder = new Recorder(1, 1_000)
  const hit = { outcome: 'memory', found: true, instance: 'a-2' } as const
  for (let i = 1; i <= 100; i++) recorder.answered(200, hit, i, 1_000 + i)
  recorder.answered(200, { outcome: 'miss', found: false, instance: 'a-10' }, 500, 2_500)
  recorder.answered(429, { outcome: 'limited', found: undefined, instance: undefined }, 0, 2_600)
  recorder.failed('ECONNRESET', 3_100)
  recorder.failed('ECONNRESET', 3_950)
  recorder.cutOff()
  t.equal(recorder.count('memory'), 100)
  t.equal(recorder.count('stale'), 0)

  const figures = recorder.figures(5_000)
  t.match(figures, {
    seconds: 4,
    sent: 105,
    answered: 102,
    failed: 2,
    cutOff: 1,
    perSecond: 25.5,
    hitRatio: 100 / 101,
    asked: 101,
    statuses: { 200: 101, 429: 1 },
    failures: { ECONNRESET: 2 },
    instances: [
      { name: 'a-2', count: 100, share: 100 / 102, outcomes: { memory: 100 } },
      { name: 'a-10', count: 1, share: 1 / 102, outcomes: { miss: 1 } }
    ]
  })
  t.strictSame(
    figures.outcomes.map(({ outcome, count }) => [outcome, count]),
    [
      ['memory', 100],
      ['miss', 1],
      ['limited', 1]
    ]
  )
  const near = (value: number | undefined, expected: number) => {
    t.ok(value !== undefined && Math.abs(value / expected - 1) < 0.002, `${value} is ${expected}`)
  }
  near(figures.outcomes[0]?.latency.p50, 50)
  near(figures.outcomes[0]?.latency.p90, 90)
  near(figures.outcomes[0]?.latency.p99, 99)
  near(figures.outcomes[0]?.latency.max, 100)
  near(figures.outcomes[0]?.latency.mean, 50.5)
  near(figures.latency?.max, 500)
  t.strictSame(figures.moments, [
    { at: 0, seconds: 1, outcomes: { memory: 100 }, failed: 0, hitRatio: 1 },
    { at: 1, seconds: 1, outcomes: { miss: 1, limited: 1 }, failed: 0, hitRatio: 0 },
    { at: 2, seconds: 1, outcomes: {}, failed: 2, hitRatio: null },
    { at: 3, seconds: 1, outcomes: {}, failed: 0, hitRatio: null }
  ])
  t.end()
})

t.test('a short remainder joins the previous interval', (t) => {
  const recorder = new Recorder(1, 0)
  const hit = { outcome: 'memory', found: true, instance: 'a' } as const
  for (const at of [500, 1_500, 2_100]) recorder.answered(200, hit, 1, at)
  const [first, last] = recorder.figures(2_250).moments
  t.match(first, { at: 0, seconds: 1, outcomes: { memory: 1 } })
  t.match(last, { at: 1, seconds: 1.25, outcomes: { memory: 2 } })
  t.match(
    recorder.figures(2_600).moments.map(({ seconds }) => seconds.toFixed(1)),
    ['1.0', '1.0', '0.6']
  )
  t.match(recorder.figures(100).moments, [{ at: 0, seconds: 0.1, outcomes: { memory: 3 } }])
  t.end()
})

t.test('no figures without measurements', (t) => {
  t.match(new Recorder(1, 0).figures(0), {
    sent: 0,
    perSecond: 0,
    hitRatio: null,
    latency: null,
    outcomes: [],
    instances: []
  })
  t.end()
})
