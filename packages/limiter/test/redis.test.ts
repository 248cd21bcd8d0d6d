import { randomUUID } from 'node:crypto'
import t, { type Test } from 'tap'
import { definePolicy } from '../src/index.js'
import { type RedisClient, redisStore } from '../src/stores/redis/index.js'
import { SHA } from '../src/stores/redis/script.js'
import { startRedis } from './redis-server.js'
import { storeContract } from './store-contract.js'

const server = await startRedis(t)

/** Makes everything kept of a key so many microseconds older, its end too. */
const AGE = `
for _, field in ipairs(redis.call('HKEYS', KEYS[1])) do
  local state, older = redis.call('HGET', KEYS[1], field), {}
  for i = 1, #state, 16 do
    local at, amount = struct.unpack('>dd', state, i)
    older[#older + 1] = struct.pack('>dd', at - ARGV[1], amount)
  end
  redis.call('HSET', KEYS[1], field, table.concat(older))
end
return redis.call('PEXPIRE', KEYS[1], redis.call('PTTL', KEYS[1]) - ARGV[1] / 1000)`

storeContract(t, 'redis', async () => {
  const client = await server.connect()
  const prefix = randomUUID()
  return {
    shared: true,
    open: async () => redisStore({ client: await server.connect(), prefix }),
    async advance (key, ms) {
      await client.eval(AGE, 1, `${prefix}:limit:${key}`, ms * 1000)
    },
    kept: (key) => client.hlen(`${prefix}:limit:${key}`)
  }
})

const policy = definePolicy({ name: 'p', limit: 10, window: 60_000 })
const other = definePolicy({ name: 'q', limit: 10, window: 60_000, algorithm: 'sliding-window' })

/** A client that notes what is said to it. */
async function listening (t: Test) {
  const client = await server.connect()
  t.teardown(() => { client.disconnect() })
  const said: string[] = []
  const noted: RedisClient = {
    evalsha (...args) {
      said.push('evalsha')
      return client.evalsha(...args)
    },
    eval (...args) {
      said.push('eval')
      return client.eval(...args)
    },
    unlink (key) {
      said.push('unlink')
      return client.unlink(key)
    }
  }
  return { client, noted, said }
}

t.test('one command a decision, over one key', async (t) => {
  const { client, noted, said } = await listening(t)
  const prefix = randomUUID()
  const store = redisStore({ client: noted, prefix })
  await client.script('FLUSH')
  await store.take('key', [policy, other], 1)
  t.strictSame(said, ['evalsha', 'eval'], 'Redis has to learn the script first')
  await store.take('key', [policy, other], 1)
  await store.peek('key', [policy, other], 1)
  t.strictSame(said.slice(2), ['evalsha', 'evalsha'])
  t.strictSame(await client.keys(`${prefix}*`), [`${prefix}:limit:key`])
})

t.test('a key is gone in time when its budgets are full, and not before', async (t) => {
  const client = await server.connect()
  const prefix = randomUUID()
  const store = redisStore({ client, prefix })
  await store.take('key', [policy], 2)
  const ttl = await client.pttl(`${prefix}:limit:key`)
  t.ok(ttl >= 12_000 && ttl <= 24_004, `${ttl} ms`)
  await store.take('key', [other], 1)
  t.ok(await client.pttl(`${prefix}:limit:key`) >= 60_000)
  await store.take('key', [policy], 1)
  t.ok(await client.pttl(`${prefix}:limit:key`) >= 60_000, 'the longer one counts')
})

t.test('a denial writes nothing', async (t) => {
  const client = await server.connect()
  const store = redisStore({ client, prefix: randomUUID() })
  await store.take('key', [policy], 10)
  const changes = async () => /rdb_changes_since_last_save:(\d+)/.exec(await client.info('persistence'))?.[1]
  const before = await changes()
  t.not((await store.take('key', [policy, other], 5))[0]?.wait, 0)
  t.equal(await changes(), before)
})

t.test('an error of another kind is not tried again, and an answer of another kind is an error', async (t) => {
  const { client, noted, said } = await listening(t)
  const prefix = randomUUID()
  await client.set(`${prefix}:limit:key`, 'no hash')
  await t.rejects(redisStore({ client: noted, prefix }).take('key', [policy], 1), /WRONGTYPE/)
  t.strictSame(said, ['evalsha'])
  for (const reply of ['QUEUED', null, [1, 2], [1, 2, 'x'], [1, 2, 3, 4, 5, 6]]) {
    const store = redisStore({ client: { evalsha: async () => reply, eval: async () => reply, unlink: async () => 0 } })
    await t.rejects(store.take('key', [policy], 1), { code: 'WEIR_LIMITER_STORE_FAILED' })
  }
})

t.test('the script has no more memory than a log of 257 moments', async (t) => {
  const client = await server.connect()
  const prefix = randomUUID()
  const store = redisStore({ client, prefix })
  const many = definePolicy({ name: 'many', limit: 1_000_000, window: 1000, algorithm: 'sliding-window' })
  for (let i = 0; i < 3000; i++) await store.take('key', [many], 1)
  t.ok(await client.hstrlen(`${prefix}:limit:key`, many.id) <= 258 * 16)
  t.match(SHA, /^[0-9a-f]{40}$/)
})
