import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { build, startBerlin } from './support/build.js'
import { stopClock } from './support/clock.js'
import { tempDir } from './support/temp-dir.js'
import { open } from './support/upstream.js'
import { json, startUpstream } from './support/upstream-server.js'
import { ways } from './support/ways.js'
import { readCurrent } from '../src/open-meteo/read.js'

const cell = { latitude: 52.5, longitude: 13.4 }
const call = { path: '/v1/forecast', cost: 1, read: (body: unknown) => readCurrent(body, cell) }
const url = '/api/weather/current?latitude=52.5&longitude=13.4'
const MINUTE = 60_000

t.test(
  'an invalid response is reported by its kind, and opens the breaker like a failure',
  async (t) => {
    for (const [what, { answer, code }] of Object.entries(ways)) {
      const server = await startUpstream(t, answer)
      const upstream = open(t, server.url, {
        manners: { failures: 3, retries: 0, silence: 50, coolDown: 60_000 }
      })
      for (let i = 0; i < 3; i++) {
        t.equal(upstream.isFailing, false, what)
        await t.rejects(
          upstream.get(call),
          { code: `WEATHER_ERR_UPSTREAM_${code}`, statusCode: code === 'UNAVAILABLE' ? 503 : 502 },
          what
        )
      }
      t.equal(upstream.isFailing, true, what)
      await t.rejects(
        upstream.get(call),
        { code: 'WEATHER_ERR_UPSTREAM_UNAVAILABLE', headers: { 'retry-after': '60' } },
        what
      )
      t.equal(server.calls.length, 3, `${what}: it is left alone`)
    }
  }
)

t.test('permanent failures are not retried', async (t) => {
  for (const what of ['400', '301', 'HTML', 'another shape', 'too large', 'UTF-16']) {
    const server = await startUpstream(t, ways[what]?.answer ?? (() => {}))
    await t.rejects(open(t, server.url).get(call), what)
    t.equal(server.calls.length, 1, what)
  }
})

t.test(
  'a valid response in between resets the count, and a 429 counts neither way',
  async (t) => {
    const server = await startUpstream(t, json({}, 403))
    const upstream = open(t, server.url, { manners: { failures: 2 } })
    const fails = () => t.rejects(upstream.get({ ...call, read: () => 'well' }))
    await fails()
    server.answer = json({})
    t.match(await upstream.get({ ...call, read: () => 'well' }), { body: 'well' })
    server.answer = json({}, 403)
    await fails()
    t.equal(upstream.isFailing, false)
    const clock = stopClock(t)
    server.answer = json({}, 429, { 'retry-after': '1' })
    await fails()
    clock.advance(1000)
    server.answer = json({}, 403)
    await fails()
    t.equal(upstream.isFailing, true)
  }
)

t.test(
  'for any invalid response, the cached document is served with the reason; and a valid one is used at once',
  async (t) => {
    const clock = stopClock(t)
    const upstream = await startBerlin(t)
    const well = upstream.answer
    const app = await build(t, upstream)
    for (const [what, { answer, code }] of Object.entries(ways).filter(
      ([what]) => what !== 'silence'
    )) {
      upstream.answer = well
      t.equal((await app.inject(url)).statusCode, 200, what)
      upstream.answer = answer
      clock.advance(25 * MINUTE)
      const details = new Set<string>()
      for (let i = 0; i < 6; i++) {
        const { statusCode, headers } = await app.inject(url)
        t.equal(statusCode, 200, what)
        details.add(
          /fwd=stale; .*detail=(\w+)/.exec(String(headers['cache-status']))?.[1] ?? 'none'
        )
      }
      t.same([...details], ['STALE_IF_ERROR', 'UPSTREAM_FAILING'], what)
      clock.advance(7 * 60 * MINUTE)
      t.match((await app.inject(url)).json(), { code: `WEATHER_ERR_UPSTREAM_${code}` }, what)
      upstream.answer = well
      clock.advance(MINUTE)
      t.match((await app.inject(url)).headers, { age: '0' }, what)
    }
  }
)

t.test('the log has status, type and the first bytes of each, escaped', async (t) => {
  const upstream = await startBerlin(t)
  const well = upstream.answer
  const child = spawn(
    process.execPath,
    [fileURLToPath(new URL('../src/server.js', import.meta.url))],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: {
        ...process.env,
        PORT: '0',
        LOG_LEVEL: 'info',
        DATA_DIR: await tempDir(t),
        REDIS_URL: undefined,
        FORECAST_ORIGIN: upstream.url,
        GEOCODING_ORIGIN: upstream.url
      }
    }
  )
  t.teardown(() => child.kill('SIGKILL'))
  const lines: AsyncIterator<string, undefined> = createInterface(child.stdout)[
    Symbol.asyncIterator
  ]()
  /** Resolves with the next line that contains it. */
  async function logged (
    is: (line: Record<string, unknown>) => boolean
  ): Promise<Record<string, unknown>> {
    for (;;) {
      const { value, done } = await lines.next()
      if (done === true) throw new Error('the log has ended')
      const line = JSON.parse(String(value)) as Record<string, unknown>
      if (is(line)) return line
    }
  }
  const listening = await logged(({ msg }) => /listening at/i.test(String(msg)))
  const origin = /http:\/\/[\d.:]+/.exec(String(listening['msg']))?.[0]
  for (const [i, [what, { answer, code, logged: expected }]] of Object.entries(ways).entries()) {
    if (what === 'silence') continue
    upstream.answer = answer
    // Around Berlin, so that no document is cached yet, and close enough for the upstream's.
    const place = `latitude=52.${i % 10}&longitude=13.${Math.floor(i / 10)}`
    const { status } = await fetch(`${origin}/api/weather/current?${place}`)
    t.equal(status, code === 'UNAVAILABLE' ? 503 : 502, what)
    const err: unknown = (await logged((line) => line['msg'] === 'request failed'))['err']
    t.match(
      err,
      { code: `WEATHER_ERR_UPSTREAM_${code}`, ...(expected && { answer: expected }) },
      what
    )
    t.ok(
      JSON.stringify((err as { answer?: object }).answer ?? {}).length < 1000,
      `${what}: not all of it`
    )
    upstream.answer = well
    t.equal(
      (await fetch(`${origin}/api/weather/current?${place}`)).status,
      200,
      `${what}: and well again`
    )
  }
})
