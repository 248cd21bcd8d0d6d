import { type FastifyInstance } from 'fastify'
import t from 'tap'
import { build, startBerlin } from './support/build.js'
import { stopClock } from './support/clock.js'
import { tempDir } from './support/temp-dir.js'
import { answerTo } from './support/recorded.js'
import { json } from './support/upstream-server.js'

const MINUTE = 60_000
const JWT_SECRET = 'a secret of the tests, which is long enough'
// A client's share is a fifth of it.
const ENV = { CALLS_PER_MINUTE: '50', RATE_LIMIT_ALLOW: '', JWT_SECRET, TRUST_PROXY: '127.0.0.1' }
const SHARE = 10

/** Cells near Berlin, whose weather is everywhere. */
const cell = (i: number) =>
  `/api/weather/current?latitude=${(52 + (i % 10) / 10).toFixed(1)}&longitude=${(13 + Math.floor(i / 10) / 10).toFixed(1)}`
const as = (address: string) => ({ 'x-forwarded-for': address })
const ask = (app: FastifyInstance, i: number, headers: Record<string, string>) =>
  app.inject({ url: cell(i), headers })

t.test('a client has a share of the calls over all instances, and the others are not affected', async (t) => {
  const clock = stopClock(t)
  const upstream = await startBerlin(t)
  const DATA_DIR = await tempDir(t)
  const fleet = [
    await build(t, upstream, { ...ENV, DATA_DIR }),
    await build(t, upstream, { ...ENV, DATA_DIR, INSTANCE: 'v' })
  ] as const
  const greedy = as('192.0.2.1')
  for (let i = 0; i < SHARE; i++) {
    t.equal((await ask(fleet[i % 2 === 0 ? 0 : 1], i, greedy)).statusCode, 200)
  }
  for (const app of fleet) {
    const refused = await ask(app, SHARE, greedy)
    t.equal(refused.statusCode, 429)
    t.match(refused.json(), {
      type: 'https://iana.org/assignments/http-problem-types#quota-exceeded',
      code: 'WEATHER_ERR_CLIENT_SHARE',
      'violated-policies': ['minute']
    })
    t.match(refused.headers, { 'retry-after': '60', 'content-type': 'application/problem+json' })
  }
  t.equal(upstream.calls.length, SHARE)
  t.equal((await ask(fleet[0], 0, greedy)).statusCode, 200, 'cached documents are free of charge')

  t.equal((await ask(fleet[0], SHARE, as('192.0.2.2'))).statusCode, 200, 'another address')
  const token = fleet[0].jwt.HS256.sign({ sub: 'somebody', role: 'reader' }, { expiresIn: '1h' })
  t.equal(
    (await ask(fleet[0], SHARE + 1, { ...greedy, authorization: `Bearer ${token}` })).statusCode,
    200,
    'a user at the same address'
  )
  t.equal((await ask(fleet[1], SHARE, greedy)).statusCode, 200, 'documents fetched by another client')

  clock.advance(MINUTE)
  // The first two remember the refusal for a second.
  const third = await build(t, upstream, { ...ENV, DATA_DIR, INSTANCE: 'x' })
  t.equal((await ask(third, SHARE + 2, greedy)).statusCode, 200, 'a minute later')
})

t.test(
  'one client, with any address of its network: other clients still get what it cannot have',
  async (t) => {
    stopClock(t)
    const upstream = await startBerlin(t)
    const app = await build(t, upstream, ENV)
    const statuses = await Promise.all(
      Array.from(
        { length: 40 },
        async (_, i) => (await ask(app, i, as(`2001:db8::${i}`))).statusCode
      )
    )
    t.equal(statuses.filter((status) => status === 200).length, SHARE)
    t.equal(statuses.filter((status) => status === 429).length, 40 - SHARE)
    for (let client = 0; client < 3; client++) {
      for (let i = 0; i < SHARE; i++) {
        t.equal(
          (await ask(app, 40 + client * SHARE + i, as(`198.51.100.${client}`))).statusCode,
          200
        )
      }
    }
  }
)

t.test('beyond its share a client gets stale documents, with the reason', async (t) => {
  const clock = stopClock(t)
  const upstream = await startBerlin(t)
  const app = await build(t, upstream, ENV)
  const greedy = as('192.0.2.1')
  t.equal((await ask(app, 0, greedy)).statusCode, 200)
  clock.advance(25 * MINUTE)
  for (let i = 1; i <= SHARE; i++) await ask(app, i, greedy)
  const stale = await ask(app, 0, greedy)
  t.match(
    [stale.statusCode, stale.headers['cache-status']],
    [200, /fwd=stale; ttl=-\d+; detail=CLIENT_SHARE$/]
  )
  t.match((await ask(app, 0, as('192.0.2.2'))).headers, { age: '0' }, 'another client gets it fresh')
})

t.test('a client that waits with a refused one is not refused with it', async (t) => {
  stopClock(t)
  const upstream = await startBerlin(t)
  const app = await build(t, upstream, ENV)
  const greedy = as('192.0.2.1')
  for (let i = 0; i < SHARE; i++) await ask(app, i, greedy)
  for (let i = SHARE; i < SHARE + 5; i++) {
    const answers = await Promise.all(
      [greedy, as('192.0.2.2'), greedy, as('192.0.2.3')].map((headers) => ask(app, i, headers))
    )
    const statuses = answers.map(({ statusCode }) => statusCode)
    t.same([statuses[1], statuses[3]], [200, 200])
    // The others' responses may be sufficient for them.
    t.ok([statuses[0], statuses[2]].every((status) => status === 200 || status === 429))
  }
})

t.test(
  'addresses without limits have no share, and a batch is charged its calls',
  async (t) => {
    stopClock(t)
    const upstream = await startBerlin(t)
    upstream.answer = (request, response) => {
      json(answerTo(request.url ?? ''))(request, response)
    }
    const allowed = await build(t, upstream, { ...ENV, RATE_LIMIT_ALLOW: '192.0.2.1' })
    for (let i = 0; i < 20; i++) t.equal((await ask(allowed, i, as('192.0.2.1'))).statusCode, 200)

    const app = await build(t, upstream, ENV)
    const cities = Array.from({ length: 20 }, (_, i) => `Berlin ${i}`).join()
    const { items } = (
      await app.inject({ url: `/api/weather/batch?cities=${cities}`, headers: as('192.0.2.9') })
    ).json<{ items: { error?: { status: number; code: string } }[] }>()
    const refused = items.filter(
      ({ error }) => error?.code === 'WEATHER_ERR_CLIENT_SHARE' && error.status === 429
    )
    t.ok(refused.length >= 10, `${refused.length} of 20 are beyond the share`)
  }
)
