import { type IncomingHttpHeaders } from 'node:http'
import t, { type Test } from 'tap'
import { request } from 'undici'
import { startRedis } from '@weir/internal/testing'
import { startWeather, type WeatherFleet } from './support/weather.js'

const CITIES = [
  'Tokyo',
  'Delhi',
  'Shanghai',
  'São Paulo',
  'Mexico City',
  'Cairo',
  'Mumbai',
  'Beijing',
  'Dhaka',
  'Osaka',
  'New York',
  'Karachi',
  'Buenos Aires',
  'Istanbul',
  'Lagos',
  'Paris',
  'London',
  'Berlin',
  'Sydney',
  'Oslo'
]
const REQUESTS = 2000
const READERS = 4
const PHASE = 1000
const SLOWEST = 500

const SECOND = 1000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE

interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: {
    readonly source?: string
    readonly place?: { readonly name: string }
    readonly code?: string
  }
  readonly took: number
}

/** Sends the i-th request to the i-th instance, about the i-th city. */
async function ask ({ instances }: WeatherFleet, i: number, route = 'current'): Promise<Answer> {
  // Every instance gets requests for every city.
  const instance = instances[(i + Math.floor(i / CITIES.length)) % instances.length]
  const begun = performance.now()
  const url = `${instance?.url}/api/weather/${route}?city=${encodeURIComponent(CITIES[i % CITIES.length] ?? '')}`
  // The cheapest route: two thousand simultaneous requests should keep the instances busy, not
  // their client.
  const { statusCode: status, headers, body } = await request(url)
  const text = await body.text()
  return {
    status,
    headers,
    body: JSON.parse(text) as Answer['body'],
    took: performance.now() - begun
  }
}

const storm = (fleet: WeatherFleet, route?: string): Promise<Answer[]> =>
  Promise.all(Array.from({ length: REQUESTS }, (_, i) => ask(fleet, i, route)))

/**
 * Sends as many requests at once for a city that no other request is about: the test is about cold
 * cities, not about uncompiled code and unopened connections.
 */
async function warmUp ({ instances }: WeatherFleet): Promise<void> {
  for (const route of ['current', 'forecast', 'current', 'forecast']) {
    await Promise.all(Array.from({ length: REQUESTS }, async (_, i) => {
      const { body } = await request(
        `${instances[i % instances.length]?.url}/api/weather/${route}?city=Rome`
      )
      await body.dump()
    }))
  }
}

/** Calls to the upstream while a task runs. */
async function callsOf (fleet: WeatherFleet, task: () => Promise<unknown>) {
  const before = await fleet.upstreamSaw()
  await task()
  const after = await fleet.upstreamSaw()
  return {
    forecasts: after.forecasts - before.forecasts,
    searches: after.searches - before.searches,
    overlaps: after.overlaps - before.overlaps
  }
}

/** A few readers who never pause, until `answers` responses. */
async function load (fleet: WeatherFleet, answers = PHASE): Promise<Answer[]> {
  const all: Answer[] = []
  let next = 0
  await Promise.all(Array.from({ length: READERS }, async () => {
    for (let i = next++; i < answers; i = next++) all.push(await ask(fleet, i))
  }))
  return all
}

/**
 * Expects one call per city, and no two for the same city at once. Two more are tolerated: an
 * instance that gets no processor time for the length of its lease loses it, and another takes
 * over.
 */
function isOneEach (
  t: Test,
  calls: Awaited<ReturnType<typeof callsOf>>,
  expected: { forecasts: number; searches: number },
  what: string
): void {
  t.comment(`${what}: ${JSON.stringify(calls)}`)
  for (const kind of ['forecasts', 'searches'] as const) {
    t.ok(
      calls[kind] >= expected[kind] && calls[kind] <= expected[kind] + SPARE,
      `${what}: ${calls[kind]} ${kind}`
    )
  }
  t.ok(calls.overlaps <= SPARE, `${what}: ${calls.overlaps} at once`)
}

const SPARE = 2

const isStale = ({ headers }: Answer) => /ttl=-/.test(String(headers['cache-status']))
const statuses = (answers: readonly Answer[]) => [...new Set(answers.map(({ status }) => status))]
const percentile = (answers: readonly Answer[], part: number) =>
  answers.map(({ took }) => took).sort((a, b) => a - b)[Math.ceil(answers.length * part) - 1] ?? 0

/** @param usual the same figures for hits without a fault, for comparison */
async function isServedStale (
  t: Test,
  fleet: WeatherFleet,
  usual: number,
  how: string
): Promise<void> {
  const answers = await load(fleet)
  const slow = percentile(answers, 0.99)
  t.same(statuses(answers), [200], `${how}: all are answered`)
  t.ok(answers.every(isStale), `${how}: with what is stale`)
  t.comment(`${how}: p99 ${slow.toFixed(1)} ms, and ${usual.toFixed(1)} ms of hits`)
  t.ok(slow < SLOWEST, `${how}: nobody waits for the upstream`)
}

t.test('2,000 requests at four instances for 20 cities are 20 calls', async (t) => {
  const fleet = await startWeather(t, 4, (await startRedis(t)).url)
  await warmUp(fleet)
  let answers: Answer[] = []
  isOneEach(
    t,
    await callsOf(fleet, async () => {
      answers = await storm(fleet)
    }),
    { forecasts: 20, searches: 20 },
    'one for each place, and one for its weather'
  )
  t.same(statuses(answers), [200])
  t.ok(
    answers.every(
      ({ body }, i) =>
        body.source === 'simulated' && body.place?.name === CITIES[i % CITIES.length]
    )
  )

  isOneEach(
    t,
    await callsOf(fleet, async () => {
      answers = await storm(fleet, 'forecast')
    }),
    { forecasts: 20, searches: 0 },
    'the places are known'
  )
  t.same(statuses(answers), [200])
})

t.test('an upstream dies and comes back', async (t) => {
  const fleet = await startWeather(t, 4, (await startRedis(t)).url)
  await warmUp(fleet)
  t.same(statuses(await load(fleet)), [200])
  const usual = percentile(await load(fleet), 0.99)

  await fleet.upstreamHas({ kind: 'drop' })
  await fleet.advance(15 * MINUTE)
  await isServedStale(t, fleet, usual, 'dead for 15 minutes')
  await fleet.advance(HOUR)
  await isServedStale(t, fleet, usual, 'dead for an hour')
  await fleet.upstreamHas({ kind: 'latency', ms: 30_000 })
  await fleet.advance(MINUTE)
  await isServedStale(t, fleet, usual, 'hanging')

  await t.test(
    'back while stored weather is usable: one call per city, and all is fresh',
    async (t) => {
      await fleet.upstreamHas()
      await fleet.advance(MINUTE)
      const calls = await callsOf(fleet, async () => {
        const fresh = new Set<number>()
        for (let i = 0; fresh.size < CITIES.length; i++) {
          const answer = await ask(fleet, i)
          if (answer.status !== 200) {
            t.fail('a request failed', { status: answer.status, body: answer.body })
          }
          if (!isStale(answer)) fresh.add(i % CITIES.length)
        }
      })
      isOneEach(t, calls, { forecasts: 20, searches: 0 }, 'back in time')
    }
  )

  await t.test(
    'down longer than any weather is usable: 503 with Retry-After',
    async (t) => {
      await fleet.upstreamHas({ kind: 'drop' })
      await fleet.advance(6 * HOUR + 15 * MINUTE)
      const answers = await load(fleet, 200)
      const kinds = answers.map(
        ({ status, headers, body }) => `${status} ${String(headers['content-type'])} ${body.code}`
      )
      t.same(
        [...new Set(kinds)],
        ['503 application/problem+json WEATHER_ERR_UPSTREAM_UNAVAILABLE']
      )
      t.ok(answers.every(({ headers }) => /^[1-5]$/.test(String(headers['retry-after']))))
    }
  )

  await t.test('back after that: no stampede', async (t) => {
    await fleet.upstreamHas()
    await fleet.advance(MINUTE)
    let answers: Answer[] = []
    isOneEach(
      t,
      await callsOf(fleet, async () => {
        answers = await storm(fleet)
      }),
      { forecasts: 20, searches: 0 },
      'back late'
    )
    t.same(statuses(answers), [200])
    t.notOk(answers.some(isStale))
  })
})

t.test('one instance gets a Retry-After, and all wait', async (t) => {
  const fleet = await startWeather(t, 2, (await startRedis(t)).url)
  const [a, b] = fleet.instances
  const get = (instance: typeof a, query: string) =>
    fetch(`${instance?.url}/api/weather/current?${query}`)
  await fleet.upstreamHas({ kind: 'status', status: 429, retryAfter: 30, requests: 1 })
  const told = await get(a, 'latitude=10&longitude=10')
  t.match([told.status, told.headers.get('retry-after')], [503, '30'])
  const other = await get(b, 'latitude=20&longitude=20')
  t.match([other.status, other.headers.get('retry-after')], [503, /^(29|30)$/])
  t.match(await other.json(), { code: 'WEATHER_ERR_UPSTREAM_BUSY' })
  t.match(await fleet.upstreamSaw(), { forecasts: 1 })
  await fleet.advance(30 * SECOND)
  for (const instance of [a, b]) {
    t.equal((await get(instance, 'latitude=20&longitude=20')).status, 200)
  }
  t.match(await fleet.upstreamSaw(), { forecasts: 2 })
})

t.test('Redis killed: known weather is served, other weather is fetched', async (t) => {
  const redis = await startRedis(t)
  const fleet = await startWeather(t, 2, redis.url)
  const [a, b] = fleet.instances
  const get = (instance: typeof a, city: string) =>
    fetch(`${instance?.url}/api/weather/current?city=${city}`)
  for (const instance of [a, b]) t.equal((await get(instance, 'Oslo')).status, 200)
  await redis.kill()
  for (const instance of [a, b]) {
    const known = await get(instance, 'Oslo')
    t.match(
      [known.status, known.headers.get('cache-status')],
      [200, /; hit; ttl=\d+; detail=(OUTAGE|memory)$/]
    )
    t.match(await (await get(instance, 'Rome')).json(), { place: { name: 'Rome' } })
  }
  await redis.restart()
  t.equal((await get(a, 'Paris')).status, 200)
})
