import t from 'tap'
import { type Summary } from '../api.js'
import { headlines } from '../trend.js'

const HOUR = { within: 'in the last hour', before: 'the hour before' }
const QUARTER = { within: 'in the last 15 minutes', before: 'the 15 minutes before' }

const latency = { p50: null, p90: null, p99: null }
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
  latency,
  hitLatency: latency,
  missLatency: latency,
  outcomes: []
}
const busy: Summary = {
  ...nothing,
  requests: 100,
  hitRatio: 0.921,
  savedMs: 37_000,
  hitLatency: { ...latency, p50: 0.5 },
  missLatency: { ...latency, p50: 10 }
}

t.test('large figures with what they were before', async (t) => {
  t.strictSame(headlines(busy, { ...busy, hitRatio: 0.89, savedMs: 20_000 }, QUARTER), {
    hitRatio: { value: '92.1%', note: '↑ 3.1 points from the 15 minutes before' },
    saved: { value: '37\u00a0s', note: '1.9× that of the 15 minutes before' },
    latency: { value: '0.50 ms', against: '10.0 ms', note: 'A hit is 20× as fast.' }
  })
  const { hitRatio, saved } = headlines(
    busy,
    { ...busy, hitRatio: 0.95, savedMs: 1_000_000 },
    HOUR
  )
  t.equal(hitRatio.note, '↓ 2.9 points from the hour before')
  t.equal(saved.note, '0.04× that of the hour before')
  t.equal(
    headlines(busy, { ...busy, savedMs: 1000 }, HOUR).saved.note,
    '37× that of the hour before'
  )
  t.equal(headlines(busy, busy, HOUR).hitRatio.note, 'the same as in the hour before')
})

t.test('where there is nothing to compare', async (t) => {
  t.match(headlines(busy, undefined, HOUR), {
    hitRatio: { note: 'in the last hour' },
    saved: { note: 'in the last hour' }
  })
  t.match(headlines(busy, nothing, HOUR), {
    hitRatio: { note: 'No requests in the hour before.' }
  })
  t.match(headlines(busy, { ...nothing, requests: 1 }, HOUR), {
    hitRatio: { note: 'in the last hour' },
    saved: { note: 'in the last hour' }
  })
  t.match(headlines(nothing, busy, HOUR).latency, {
    value: '–',
    against: '–',
    note: /once there are both/
  })
})
