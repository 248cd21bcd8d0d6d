import t from 'tap'
import { type Summary } from '../api.js'
import { meaning, plural } from '../meaning.js'

const nothing: Summary = {
  asOf: 0,
  connected: true,
  from: 0,
  to: 0,
  seconds: 900,
  requests: 0,
  requestsPerSecond: 0,
  hits: 0,
  hitRatio: null,
  shared: 0,
  notModified: 0,
  stale: 0,
  misses: 0,
  coalesced: 0,
  bypassed: 0,
  limited: 0,
  errors: 0,
  refills: 0,
  bytes: 0,
  savedMs: 0,
  latency: { p50: null, p90: null, p99: null },
  hitLatency: { p50: null, p90: null, p99: null },
  missLatency: { p50: null, p90: null, p99: null },
  outcomes: []
}

t.test('what the figures come to', async (t) => {
  t.equal(meaning(nothing, 'in the last 15 minutes'), 'No requests in the last 15 minutes.')
  t.equal(
    meaning({ ...nothing, requests: 1 }, 'in the last hour'),
    '1 request in the last hour, none of them cacheable.'
  )
  t.equal(
    meaning(
      {
        ...nothing,
        requests: 2000,
        hits: 800,
        coalesced: 150,
        stale: 50,
        hitRatio: 0.5,
        savedMs: 61_000,
        shared: 250,
        errors: 1,
        limited: 2
      },
      'in the last hour'
    ),
    'The cache answered 50.0% of cacheable requests in the last hour, saving 1\u00a0min\u00a01\u00a0s of handler time. ' +
      '25.0% of hits reused a response computed by another instance. 1 request failed. 2 requests were rate-limited.'
  )
  t.match(
    meaning({ ...nothing, requests: 1, hitRatio: 0 }, 'in the last hour'),
    / 0% .* less than a second of handler time\.$/
  )
})

t.test('one, and several', async (t) => {
  t.equal(plural(1, 'route'), '1 route')
  t.equal(plural(0, 'route'), '0 routes')
})
