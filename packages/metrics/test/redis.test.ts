import { randomUUID } from 'node:crypto'
import { startRedis } from '@weir/internal/testing'
import type { IoredisClient } from '@weir/redis'
import t, { type Test } from 'tap'
import { redisStore } from '../src/stores/redis.js'
import { storeContract } from './store-contract.js'
import { countsOf, recordOf, stateOf } from './told.js'

const server = await startRedis(t)
const now = Math.floor(Date.now() / 60_000)

storeContract(t, 'redis', async () => {
  const client = await server.connect()
  const prefix = randomUUID()
  return {
    shared: true,
    open: async () => redisStore({ client: await server.connect(), prefix }),
    async spoil (run, minute, text) {
      await client.hset(`${prefix}:metrics:{${minute}}`, run, text)
      await client.hset(`${prefix}:metrics:{instances}`, run, text)
    }
  }
})

/** A client that records its commands. */
async function listening (t: Test) {
  const client = await server.connect()
  t.teardown(() => { client.disconnect() })
  const passing: IoredisClient = client
  const missing = () => Promise.reject(new Error('the client has no such method'))
  const said: string[] = []
  const noted = {
    evalshaBuffer (sha, keys, ...args) {
      said.push(`evalsha ${keys} ${String(args[0])}`)
      return passing.evalshaBuffer?.(sha, keys, ...args) ?? missing()
    },
    evalBuffer (source, keys, ...args) {
      said.push(`eval ${keys} ${String(args[0])}`)
      return passing.evalBuffer?.(source, keys, ...args) ?? missing()
    },
    unlink: (key) => client.unlink(key),
    hvalsBuffer: (key) => client.hvalsBuffer(key)
  } satisfies IoredisClient
  return { client, noted, said }
}

t.test(
  'one command for the process and one per record, each with one key, which expires after a day',
  async (t) => {
    const { client, noted, said } = await listening(t)
    const prefix = randomUUID()
    const store = redisStore({ client: noted, prefix })
    const keys = [
      `${prefix}:metrics:{instances}`,
      `${prefix}:metrics:{${now - 1}}`,
      `${prefix}:metrics:{${now}}`
    ]
    const write = () =>
      store.write(stateOf('a'), [recordOf('a', now - 1, 1, 1), recordOf('a', now, 2, 1)])
    await client.script('FLUSH')
    await write()
    t.strictSame(
      said.sort(),
      [...keys.map((key) => `eval 1 ${key}`), ...keys.map((key) => `evalsha 1 ${key}`)].sort(),
      'Redis first has to load the scripts'
    )
    said.length = 0
    await write()
    t.strictSame(
      said,
      keys.map((key) => `evalsha 1 ${key}`)
    )
    t.strictSame((await client.keys(`${prefix}*`)).sort(), [...keys].sort())
    for (const key of keys) {
      const ttl = await client.ttl(key)
      t.ok(ttl > 86_300 && ttl <= 86_400, `${key}: ${ttl} s`)
    }
  }
)

t.test('states of processes that are long gone are removed when a new one arrives', async (t) => {
  const client = await server.connect()
  const prefix = randomUUID()
  const store = redisStore({ client, prefix })
  const runs = async () => (await client.hkeys(`${prefix}:metrics:{instances}`)).sort()
  await store.write(stateOf('gone', { at: Date.now() - 100_000_000 }), [])
  await store.write(stateOf('gone too', { at: Date.now() - 100_000_000 }), [])
  t.strictSame(await runs(), ['gone', 'gone too'])
  await store.write(stateOf('a'), [])
  await store.write(stateOf('b'), [])
  t.strictSame(await runs(), ['a', 'b'])
})

t.test('a day is read in parts', async (t) => {
  const { client, noted } = await listening(t)
  const prefix = randomUUID()
  let [open, most] = [0, 0]
  const store = redisStore({
    prefix,
    client: {
      ...noted,
      async hvalsBuffer (key) {
        most = Math.max(most, ++open)
        try {
          return await client.hvalsBuffer(key)
        } finally {
          open--
        }
      }
    }
  })
  const minutes = [0, 59, 60, 61, 1000, 1400].map((ago) => now - ago)
  await store.write(stateOf('a'), minutes.map((minute, i) => recordOf('a', minute, i, i)))
  t.strictSame(
    countsOf(await store.read(0)),
    Object.fromEntries(minutes.map((minute, i) => [`a ${minute}`, i]))
  )
  t.ok(most <= 60, `${most} at once`)
})

t.test(
  'Redis is down: the write rejects; once it returns, even empty, it gets everything again',
  async (t) => {
    const server = await startRedis(t)
    const client = await server.connect({ commandTimeout: 1000, retryStrategy: () => 10 })
    const store = redisStore({ client })
    await store.write(stateOf('a'), [recordOf('a', now, 1, 1)])
    server.freeze()
    await t.rejects(store.write(stateOf('a'), [recordOf('a', now, 2, 2)]), /timed out/)
    await t.rejects(store.read(now), /timed out/)
    server.thaw()
    await store.write(stateOf('a'), [recordOf('a', now, 3, 3)])
    t.strictSame(countsOf(await store.read(now)), { [`a ${now}`]: 3 })
    await server.kill()
    await t.rejects(store.write(stateOf('a'), [recordOf('a', now, 4, 4)]))
    const ready = new Promise((resolve) => {
      client.once('ready', resolve)
    })
    await server.restart()
    await ready
    await store.write(stateOf('a'), [recordOf('a', now, 4, 4)])
    t.strictSame(countsOf(await store.read(now)), { [`a ${now}`]: 4 })
  }
)

t.test('an error of another kind is not retried', async (t) => {
  const { client, noted, said } = await listening(t)
  const prefix = randomUUID()
  await client.set(`${prefix}:metrics:{${now}}`, 'no hash')
  await t.rejects(
    redisStore({ client: noted, prefix }).write(stateOf('a'), [recordOf('a', now, 1, 1)]),
    /WRONGTYPE/
  )
  t.strictSame(said.filter((command) => command.startsWith('eval 1')), [])
})
