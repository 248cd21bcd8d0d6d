import t from 'tap'
import { explain } from '../explain.js'

const of = (cacheStatus: string | null, status = 200, age: string | null = null) =>
  explain({ status, cacheStatus, age })

t.test('who answered, how, and for how long it will do', async (t) => {
  const table: [string, string, RegExp][] = [
    [
      'c-1; hit; ttl=57; detail=memory',
      'l1',
      /^c-1 answered from its memory\. It stays fresh for 57\u00a0s more\.$/
    ],
    ['c-1; hit; ttl=57; detail=store', 'l2', /^c-1 answered from the store that all instances share\./],
    [
      'c-1; hit; ttl=-3; detail=memory',
      'stale',
      /^c-1 answered from its memory\. It was fresh until 3\u00a0s ago\.$/
    ],
    ['c-1; hit; ttl=5; detail=OUTAGE', 'l1', /memory: the store does not answer/],
    [
      'c-1; fwd=uri-miss; ttl=60; stored',
      'miss',
      /had no response for this URL\. The handler ran, and the response is stored .* fresh for 1\u00a0min\.$/
    ],
    ['c-1; fwd=uri-miss', 'miss', /had no response for this URL\. The handler ran\.$/],
    [
      'c-1; fwd=uri-miss; collapsed; ttl=60',
      'coalesced',
      /waited for a fill that was under way/
    ],
    [
      'c-1; fwd=request; ttl=60; stored',
      'miss',
      /had a fresh response, but the request asked for a new one/
    ],
    [
      'c-1; fwd=stale; fwd-status=503; ttl=-9; detail=STALE_IF_ERROR',
      'stale',
      /stale response: computing a new response failed\. The origin answered 503\./
    ],
    ['c-1; fwd=stale; ttl=-9', 'stale', /^c-1 served a stale response\./],
    ['c-1; fwd=uri-miss; detail=PRIVATE', 'bypass', /not stored: the response says private/],
    ['c-1; fwd=uri-miss; detail=NEW_REASON', 'bypass', /not stored: NEW_REASON, which/],
    ['c-1; fwd=method', 'bypass', /^c-1 passed the request on, because it is neither GET nor HEAD\.$/],
    ['c-1; fwd=unheard-of', 'miss', /^c-1 called its handler\. The handler ran\.$/],
    ['edge; fwd=miss, c-1; hit; detail=memory', 'l1', /^c-1 answered/]
  ]
  for (const [field, outcome, words] of table) {
    const explanation = of(field)
    t.equal(explanation.outcome, outcome, field)
    t.match(explanation.words, words, field)
    t.equal(explanation.instance, 'c-1', field)
  }
})

t.test('status and age', async (t) => {
  t.match(
    of('c; hit; ttl=5; detail=memory', 304).words,
    /The client has the current version, so no body was sent/
  )
  t.match(
    of('c; hit; ttl=5; detail=memory', 200, '61').words,
    /It is 1\u00a0min\u00a01\u00a0s old\.$/
  )
  t.match(of('c; hit; ttl=5; detail=memory', 200, '0').words, /less than a second old\.$/)
  t.notMatch(of('c; hit; ttl=5; detail=memory', 200, 'old').words, /old/)
  t.strictSame(of('c; fwd=uri-miss', 503), {
    instance: 'c',
    outcome: 'error',
    words: 'c had no response for this URL; its handler then failed.'
  })
})

t.test('answers that no cache has to do with', async (t) => {
  t.strictSame(of(null), {
    outcome: 'uncached',
    words: 'Answered without a cache: the response has no Cache-Status.'
  })
  t.equal(of(null, 502).outcome, 'error')
  t.equal(of(null, 429).outcome, 'limited')
  t.match(of('"";hit;detail=memory').words, /^The cache answered/)
})
