import type { Redis } from 'ioredis'
import t, { type Test } from 'tap'
import { createLimiter, definePolicy, type LimitStore } from '../src/index.js'
import { redisStore } from '../src/stores/redis/index.js'
import { startRedis } from '@weir/internal/testing'
import { SteeredStore } from './steered-store.js'

/** Four for each of two instances; capacity returns more slowly than a test runs. */
const policy = definePolicy({ name: 'p', limit: 8, window: 3_600_000 })

/** Not `once` of node:events, which fails on the errors expected meanwhile. */
const saying = (event: string, client: Redis) =>
  new Promise<void>((resolve) => {
    client.once(event, () => {
      resolve()
    })
  })

async function setUp (t: Test) {
  const server = await startRedis(t)
  const client = await server.connect({ commandTimeout: 1000, retryStrategy: () => 10 })
  const store: LimitStore = redisStore({ client })
  const counted = new SteeredStore(store)
  const limiter = createLimiter({ store: counted, instances: 2 })
  t.teardown(() => { limiter.close() })
  return { server, client, counted, limiter }
}

t.test('Redis freezes: one call waits for the timeout, no other call waits, and the share is kept', async (t) => {
  const { server, counted, limiter } = await setUp(t)
  t.match(await limiter.consume('key', [policy]), { mode: 'shared', policies: [{ remaining: 7 }] })
  server.freeze()
  const decisions = []
  for (let i = 0; i < 20; i++) decisions.push(await limiter.consume('key', [policy]))
  t.ok(decisions.every(({ mode }) => mode === 'local'))
  t.strictSame(
    decisions.map(({ allowed }) => allowed),
    [...Array<boolean>(4).fill(true), ...Array<boolean>(16).fill(false)]
  )
  t.equal(counted.asked, 2)

  const recovered = counted.recovered()
  server.thaw()
  await recovered
  t.equal(counted.asked, 2, 'no call was a probe')
  // A command that timed out may still have been executed: its use counts.
  const { mode, policies } = await limiter.consume('key', [policy])
  t.equal(mode, 'shared')
  t.ok(
    policies[0]?.remaining === 6 || policies[0]?.remaining === 5,
    `${policies[0]?.remaining} left`
  )
})

t.test('Redis is killed: no call waits, and after its return the budget is shared again', async (t) => {
  const { server, client, counted, limiter } = await setUp(t)
  await limiter.consume('key', [policy], { cost: 8 })
  const closed = saying('close', client)
  await server.kill()
  await closed
  const decisions = await Promise.all(
    Array.from({ length: 20 }, (_, i) => limiter.consume(`key-${i % 2}`, [policy]))
  )
  t.equal(decisions.filter(({ allowed }) => allowed).length, 8)
  t.ok(decisions.every(({ mode }) => mode === 'local'))
  t.match(await limiter.consume('key', [policy], { onFailure: 'open' }), {
    allowed: true,
    mode: 'open'
  })
  t.match(await limiter.consume('key', [policy], { onFailure: 'closed' }), {
    allowed: false,
    mode: 'closed'
  })

  const back = saying('ready', client)
  await server.restart()
  await back
  await counted.recovered()
  t.match(await limiter.consume('key', [policy]), { mode: 'shared', policies: [{ remaining: 7 }] })
})

t.test('a Redis that never existed', async (t) => {
  const server = await startRedis(t)
  const client = await server.connect()
  client.disconnect()
  t.match(await createLimiter({ store: redisStore({ client }) }).consume('key', [policy]), {
    allowed: true,
    mode: 'local'
  })
})
