import t, { type Test } from 'tap'
import { startRedis } from './support/redis-server.js'
import { startWeather, type WeatherFleet } from './support/weather.js'

const CITIES = ['Tokyo', 'Delhi', 'Shanghai', 'São Paulo', 'Mexico City', 'Cairo', 'Mumbai', 'Beijing', 'Dhaka', 'Osaka',
  'New York', 'Karachi', 'Buenos Aires', 'Istanbul', 'Lagos', 'Paris', 'London', 'Berlin', 'Sydney', 'Oslo']
const REQUESTS = 2000
const READERS = 4
const PHASE = 1000
const SLOWEST = 50

const SECOND = 1000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE

interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly body: { readonly source?: string, readonly place?: { readonly name: string }, readonly code?: string }
  readonly took: number
}

/** The i-th request goes to the i-th instance, and is about the i-th city. */
async function ask ({ instances }: WeatherFleet, i: number, route = 'current'): Promise<Answer> {
  // So that every instance is asked for every city.
  const instance = instances[(i + Math.floor(i / CITIES.length)) % instances.length]
  const begun = performance.now()
  const response = await fetch(`${instance?.url}/api/weather/${route}?city=${encodeURIComponent(CITIES[i % CITIES.length] ?? '')}`)
  const body = await response.json() as Answer['body']
  return { status: response.status, headers: response.headers, body, took: performance.now() - begun }
}

const storm = (fleet: WeatherFleet, route?: string): Promise<Answer[]> => Promise.all(Array.from({ length: REQUESTS }, (_, i) => ask(fleet, i, route)))

/** A few readers who never pause: so many answers. */
async function load (fleet: WeatherFleet, answers = PHASE): Promise<Answer[]> {
  const all: Answer[] = []
  let next = 0
  await Promise.all(Array.from({ length: READERS }, async () => {
    for (let i = next++; i < answers; i = next++) all.push(await ask(fleet, i))
  }))
  return all
}

const isStale = ({ headers }: Answer) => /ttl=-/.test(headers.get('cache-status') ?? '')
const statuses = (answers: readonly Answer[]) => [...new Set(answers.map(({ status }) => status))]
const percentile = (answers: readonly Answer[], part: number) =>
  answers.map(({ took }) => took).sort((a, b) => a - b)[Math.ceil(answers.length * part) - 1] ?? 0

async function isServedStale (t: Test, fleet: WeatherFleet, how: string): Promise<void> {
  const answers = await load(fleet)
  const slow = percentile(answers, 0.99)
  t.same(statuses(answers), [200], `${how}: all are answered`)
  t.ok(answers.every(isStale), `${how}: with what is stale`)
  t.ok(slow < SLOWEST, `${how}: p99 ${slow.toFixed(1)} ms`)
}

for (const store of ['redis', 'sqlite'] as const) {
  t.test(`${store}: 2,000 requests at four instances for 20 cities are 20 calls`, async (t) => {
    const fleet = await startWeather(t, 4, store === 'redis' ? (await startRedis(t)).url : undefined)
    const cold = await storm(fleet)
    t.same(statuses(cold), [200])
    t.ok(cold.every(({ body }, i) => body.source === 'simulated' && body.place?.name === CITIES[i % CITIES.length]))
    t.same(await fleet.upstreamSaw(), { forecasts: 20, searches: 20, overlaps: 0 }, 'one for each place, and one for its weather')

    t.same(statuses(await storm(fleet, 'forecast')), [200])
    t.same(await fleet.upstreamSaw(), { forecasts: 40, searches: 20, overlaps: 0 }, 'the places are known: 20 calls')
  })
}

t.test('an upstream that dies, and comes back', async (t) => {
  const fleet = await startWeather(t, 4, (await startRedis(t)).url)
  t.same(statuses(await storm(fleet)), [200])

  await fleet.upstreamHas({ kind: 'drop' })
  await fleet.advance(15 * MINUTE)
  await isServedStale(t, fleet, 'dead for 15 minutes')
  await fleet.advance(HOUR)
  await isServedStale(t, fleet, 'dead for an hour')
  await fleet.upstreamHas({ kind: 'latency', ms: 30_000 })
  await fleet.advance(MINUTE)
  await isServedStale(t, fleet, 'hanging')

  await t.test('it is back while what is kept can be used: one call for each city, and all is fresh', async (t) => {
    await fleet.upstreamHas()
    const before = await fleet.upstreamSaw()
    await fleet.advance(MINUTE)
    const seen = new Set<number>()
    let answers = 0
    for (let i = 0; seen.size < CITIES.length; i++) {
      const answer = await ask(fleet, i)
      if (answer.status !== 200) t.fail('a request failed', { status: answer.status, body: answer.body })
      if (!isStale(answer)) seen.add(i % CITIES.length)
      answers++
    }
    t.comment(`${answers} answers`)
    const after = await fleet.upstreamSaw()
    t.equal(after.forecasts - before.forecasts, 20)
    t.equal(after.overlaps, before.overlaps, 'never two at once for the same')
  })

  await t.test('it is dead for longer than anything is good: 503, and when to come again', async (t) => {
    await fleet.upstreamHas({ kind: 'drop' })
    await fleet.advance(6 * HOUR + 15 * MINUTE)
    for (const { status, headers, body } of await load(fleet, 200)) {
      if (status !== 503 || body.code !== 'WEATHER_ERR_UPSTREAM_UNAVAILABLE' || headers.get('content-type') !== 'application/problem+json' ||
        !/^[1-5]$/.test(headers.get('retry-after') ?? '')) t.fail('this is another answer', { status, body, headers: [...headers] })
    }
  })

  await t.test('it is back after that: no stampede', async (t) => {
    await fleet.upstreamHas()
    const before = await fleet.upstreamSaw()
    await fleet.advance(MINUTE)
    const answers = await storm(fleet)
    t.same(statuses(answers), [200])
    t.notOk(answers.some(isStale))
    const after = await fleet.upstreamSaw()
    t.same([after.forecasts - before.forecasts, after.overlaps - before.overlaps], [20, 0])
  })
})

t.test('one instance is told to wait, and all wait', async (t) => {
  const fleet = await startWeather(t, 2, (await startRedis(t)).url)
  const [a, b] = fleet.instances
  const get = (instance: typeof a, query: string) => fetch(`${instance?.url}/api/weather/current?${query}`)
  await fleet.upstreamHas({ kind: 'status', status: 429, retryAfter: 30, requests: 1 })
  const told = await get(a, 'latitude=10&longitude=10')
  t.match([told.status, told.headers.get('retry-after')], [503, '30'])
  const other = await get(b, 'latitude=20&longitude=20')
  t.match([other.status, other.headers.get('retry-after')], [503, /^(29|30)$/])
  t.match(await other.json(), { code: 'WEATHER_ERR_UPSTREAM_BUSY' })
  t.match(await fleet.upstreamSaw(), { forecasts: 1 })
  await fleet.advance(30 * SECOND)
  for (const instance of [a, b]) t.equal((await get(instance, 'latitude=20&longitude=20')).status, 200)
  t.match(await fleet.upstreamSaw(), { forecasts: 2 })
})
