import { join } from 'node:path'
import { sqliteStore } from '@weir/cache/sqlite'
import t from 'tap'
import { stopClock } from './support/clock.js'
import { tempDir } from './support/temp-dir.js'
import { open, shared } from './support/upstream.js'
import { drop, inTurn, json, silence, startUpstream, truncate } from './support/upstream-server.js'

const call = { path: '/v1/x?a=1', cost: 1, read: (json: unknown) => json }
const well = json({ ok: true })
const unavailable = { code: 'WEATHER_ERR_UPSTREAM_UNAVAILABLE', statusCode: 503 }
const busy = { code: 'WEATHER_ERR_UPSTREAM_BUSY', statusCode: 503 }

t.test('connections are reused, and limited in number', async (t) => {
  const held: (() => void)[] = []
  const server = await startUpstream(t, (request, response) => {
    held.push(() => { well(request, response) })
    // Three at a time are the maximum: the fourth uses a connection that has become free.
    if (held.length === 3) held.splice(0).forEach((answer) => { answer() })
  })
  const upstream = open(t, server.url, { manners: { connections: 3 } })
  await Promise.all(Array.from({ length: 12 }, () => upstream.get(call)))
  t.equal(server.calls.length, 12)
  t.equal(server.connections, 3)
  t.equal(server.mostAtOnce, 3)
})

t.test(
  'passing failures are retried a limited number of times',
  async (t) => {
    const cutOff = { code: 'WEATHER_ERR_UPSTREAM_CUT_OFF', statusCode: 502 }
    const later = { ...unavailable, headers: { 'retry-after': '5' } }
    for (const [what, failure, error] of [
      ['drop', drop, later],
      ['truncate', truncate, cutOff],
      ['503', json({}, 503), later],
      ['500', json({}, 500), later]
    ] as const) {
      const server = await startUpstream(t, inTurn(failure, failure, well))
      t.match(await open(t, server.url).get(call), { body: { ok: true } }, what)
      t.equal(server.calls.length, 3)

      server.calls.length = 0
      server.answer = failure
      await t.rejects(open(t, server.url).get(call), error, what)
      t.equal(server.calls.length, 3)
    }
  }
)

t.test('all waits are limited', async (t) => {
  const manners = { silence: 50, total: 120, retries: 0 }
  for (const [what, answer] of Object.entries<Parameters<typeof startUpstream>[1]>({
    'the first byte': silence,
    'the next byte': (_request, response) => {
      response.writeHead(200, { 'content-length': '7' }).write('{"a')
    }
  })) {
    const server = await startUpstream(t, answer)
    await t.rejects(open(t, server.url, { manners }).get(call), unavailable, what)
    // Retries do not prolong it.
    server.answer = silence
    await t.rejects(
      open(t, server.url, { manners: { ...manners, silence: 10_000, retries: 9 } }).get(call),
      unavailable,
      `${what}, in all`
    )
  }
  await t.rejects(open(t, 'http://127.0.0.1:1').get(call), unavailable, 'no server listens')
})

t.test('a failing upstream is not called, until a single attempt', async (t) => {
  const clock = stopClock(t)
  const server = await startUpstream(t, drop)
  const upstream = open(t, server.url, { manners: { retries: 0, failures: 3, coolDown: 5000 } })
  for (let i = 0; i < 3; i++) await t.rejects(upstream.get(call), unavailable)
  t.equal(upstream.isFailing, true)
  t.equal(server.calls.length, 3)
  await t.rejects(upstream.get(call), { ...unavailable, headers: { 'retry-after': '5' } })
  clock.advance(3500)
  await t.rejects(upstream.get(call), { ...unavailable, headers: { 'retry-after': '2' } })
  t.equal(server.calls.length, 3, 'it was not called')

  clock.advance(1500)
  await Promise.all(Array.from({ length: 5 }, () => t.rejects(upstream.get(call), unavailable)))
  t.equal(server.calls.length, 4, 'one attempt for all')

  clock.advance(5000)
  server.answer = well
  const answers = await Promise.all(Array.from({ length: 5 }, () => upstream.get(call)))
  t.equal(answers.length, 5)
  t.equal(server.calls.length, 9)
  t.equal(upstream.isFailing, false)
})

t.test('a malformed call is no failure of the upstream, and costs no connection', async (t) => {
  const server = await startUpstream(t, well)
  const upstream = open(t, server.url, { manners: { connections: 1, failures: 1 } })
  const malformed = { code: 'WEIR_ERR_MALFORMED_REQUEST' }
  for (const text of ['“1”', '"1"\r\nx: 1', '"\0"', '"\x7f"', '😀', '\ud800']) {
    await t.rejects(upstream.get({ ...call, etag: text }), malformed)
    await t.rejects(upstream.get({ ...call, lastModified: text }), malformed)
    await t.rejects(upstream.get({ ...call, path: `/v1/${text} ` }), malformed)
    t.equal(upstream.isFailing, false)
  }
  t.equal(server.calls.length, 0)
  t.match(await upstream.get(call), { body: { ok: true } })
})

t.test('a clock that is set back does not keep the breaker open', async (t) => {
  const clock = stopClock(t)
  const server = await startUpstream(t, inTurn(drop, well))
  const upstream = open(t, server.url, { manners: { retries: 0, failures: 1, coolDown: 1000 } })
  await t.rejects(upstream.get(call), unavailable)
  clock.advance(-1000 * 3600)
  await t.rejects(upstream.get(call), { ...unavailable, headers: { 'retry-after': '1' } })
})

t.test('a pause requested of one instance applies to all', async (t) => {
  const clock = stopClock(t)
  for (const [what, headerNow, seconds] of [
    ['for seconds', () => '30', 30],
    ['until a date', () => new Date(Date.now() + 30_000).toUTCString(), 30],
    ['Open-Meteo does not say for how long', () => undefined, 60],
    ['in words that are none', () => 'soon', 60],
    ['for a week, which is not credible', () => '604800', 3600]
  ] as const) {
    const header = headerNow()
    const server = await startUpstream(
      t,
      json({ error: true }, 429, header === undefined ? {} : { 'retry-after': header })
    )
    const stores = shared()
    const [first, second] = [open(t, server.url, { stores }), open(t, server.url, { stores })]
    await t.rejects(first.get(call), busy, what)
    await t.rejects(
      second.get(call),
      { ...busy, headers: { 'retry-after': String(seconds) } },
      what
    )
    t.equal(server.calls.length, 1, 'asked once')
    t.equal(first.isFailing, false)
    server.answer = well
    clock.advance(seconds * 1000 - 1)
    await t.rejects(second.get(call), { ...busy, headers: { 'retry-after': '1' } }, what)
    clock.advance(1)
    t.match(await second.get(call), { body: { ok: true } })
    t.match(await first.get(call), { body: { ok: true } })
  }
})

t.test('an instance respects a pause even if the others cannot be informed', async (t) => {
  const server = await startUpstream(t, json({}, 429))
  const store = sqliteStore({ file: join(await tempDir(t), 'cache.db') })
  const reported: unknown[] = []
  const upstream = open(t, server.url, {
    stores: { ...shared(), store },
    report: (error) => reported.push(error)
  })
  await store.close()
  await t.rejects(upstream.get(call), busy)
  await t.rejects(upstream.get(call), busy)
  t.equal(server.calls.length, 1)
  t.match(reported, [{ code: 'WEIR_CACHE_STORE_FAILED' }])
})

t.test('all instances together make no more calls than they may', async (t) => {
  const server = await startUpstream(t, well)
  const stores = shared()
  const allowance = { perMinute: 10 }
  const instances = [
    open(t, server.url, { stores, allowance }),
    open(t, server.url, { stores, allowance })
  ]
  const calls = instances.flatMap((instance) =>
    Array.from({ length: 8 }, () => instance.get({ ...call, cost: 2 }))
  )
  const outcomes = await Promise.allSettled(calls)
  t.equal(server.calls.length, 5, 'each counts twice')
  const refused = outcomes.flatMap((outcome) =>
    outcome.status === 'rejected' ? [outcome.reason as unknown] : []
  )
  t.equal(refused.length, 11)
  for (const error of refused) t.match(error, { ...busy, headers: { 'retry-after': /^[1-9]\d*$/ } })
})

t.test('a known document is requested conditionally', async (t) => {
  const server = await startUpstream(t, (request, response) => {
    const { 'if-none-match': etag, 'if-modified-since': date } = request.headers
    if (etag === '"1"' && date === 'Fri, 20 Nov 2026 15:00:00 GMT') { response.writeHead(304, { 'cache-control': 'max-age=60' }).end() } else well(request, response)
  })
  const upstream = open(t, server.url)
  t.match(await upstream.get(call), { body: { ok: true } })
  const answer = await upstream.get({
    ...call,
    etag: '"1"',
    lastModified: 'Fri, 20 Nov 2026 15:00:00 GMT'
  })
  t.match(answer, { body: undefined, headers: { 'cache-control': 'max-age=60' } })
})
