import { randomUUID } from 'node:crypto'
import { startRedis } from '@weir/internal/testing'
import type { IoredisClient } from '@weir/redis'
import t, { type Test } from 'tap'
import { definePolicy } from '../src/index.js'
import { redisStore } from '../src/stores/redis/index.js'
import { DECIDE } from '../src/stores/redis/script.js'
import { storeContract } from './store-contract.js'

const server = await startRedis(t)

/** Makes all data of a key older by this many microseconds, including its expiry. */
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

/** A client that records its commands. */
async function listening (t: Test) {
  const client = await server.connect()
  t.teardown(() => { client.disconnect() })
  const passing: IoredisClient = client
  const missing = () => Promise.reject(new Error('the client has no such method'))
  const said: string[] = []
  const sizes: number[] = []
  const noted = {
    evalshaBuffer (sha, keys, ...args) {
      said.push('evalsha')
      sizes.push(keys)
      return passing.evalshaBuffer?.(sha, keys, ...args) ?? missing()
    },
    evalBuffer (...args) {
      said.push('eval')
      return passing.evalBuffer?.(...args) ?? missing()
    },
    unlink (key) {
      said.push('unlink')
      return client.unlink(key)
    }
  } satisfies IoredisClient
  return { client, noted, said, sizes }
}

t.test('one command per decision, with one key', async (t) => {
  const { client, noted, said } = await listening(t)
  const prefix = randomUUID()
  const store = redisStore({ client: noted, prefix })
  await client.script('FLUSH')
  await store.take('key', [policy, other], 1)
  t.strictSame(said, ['evalsha', 'eval'], 'Redis first has to load the script')
  await store.take('key', [policy, other], 1)
  await store.peek('key', [policy, other], 1)
  t.strictSame(said.slice(2), ['evalsha', 'evalsha'])
  t.strictSame(await client.keys(`${prefix}*`), [`${prefix}:limit:key`])
})

t.test('the requests of one turn are one command, or a few', async (t) => {
  const { noted, sizes } = await listening(t)
  const store = redisStore({ client: noted, prefix: randomUUID() })
  await store.take('full', [policy], 10)
  const answers = await Promise.all([
    store.take('key', [policy], 1),
    store.take('key', [policy], 2),
    store.peek('key', [policy], 1),
    store.take('key', [other, policy], 1),
    store.take('full', [policy, other], 1),
    store.take('full', [other], 1),
    ...Array.from({ length: 70 }, (_, i) => store.take(`${i}`, [policy], 1))
  ])
  t.strictSame(sizes, [1, 64, 12])
  const left = answers.map((verdicts) =>
    verdicts.map(({ remaining, wait }) => (wait > 0 ? 'denied' : remaining))
  )
  t.strictSame(
    left.slice(0, 6),
    [[9], [7], [7], [9, 6], ['denied', 10], [9]],
    'each gets its own answer, in order'
  )
  t.ok(left.slice(6).every(([first]) => first === 9))
})

t.test('in a Cluster a command has one key: others may be on other nodes', async (t) => {
  const { noted, sizes } = await listening(t)
  const store = redisStore({ client: { ...noted, isCluster: true }, prefix: randomUUID() })
  const answers = await Promise.all(
    ['a', 'b', 'a'].map(async (key) => store.take(key, [policy], 1))
  )
  t.strictSame(sizes, [1, 1, 1])
  t.strictSame(answers.map(([verdict]) => verdict?.remaining), [9, 9, 8])
})

t.test('callers that share a command fail with it, and no later ones', async (t) => {
  const { noted } = await listening(t)
  let fails = true
  const evalshaBuffer: typeof noted.evalshaBuffer = async (...args) =>
    fails ? Promise.reject(new Error('timed out')) : noted.evalshaBuffer(...args)
  const store = redisStore({ client: { ...noted, evalshaBuffer }, prefix: randomUUID() })
  const answers = await Promise.allSettled([
    store.take('a', [policy], 1),
    store.peek('b', [policy], 1)
  ])
  t.match(answers, [{ reason: { message: 'timed out' } }, { reason: { message: 'timed out' } }])
  fails = false
  t.match(await store.take('a', [policy], 1), [{ remaining: 9 }])
})

t.test('a key is deleted when its budgets are full, and not before', async (t) => {
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
  const changes = async () =>
    /rdb_changes_since_last_save:(\d+)/.exec(await client.info('persistence'))?.[1]
  const before = await changes()
  t.not((await store.take('key', [policy, other], 5))[0]?.wait, 0)
  t.equal(await changes(), before)
})

t.test(
  'an error of another kind is not retried, and an unexpected answer is an error',
  async (t) => {
    const { client, noted, said } = await listening(t)
    await client.config('SET', 'maxmemory', 1, 'maxmemory-policy', 'noeviction')
    await t.rejects(async () => redisStore({ client: noted }).take('key', [policy], 1), /OOM/)
    await client.config('SET', 'maxmemory', 0)
    t.strictSame(said, ['evalsha'])
    const answering = async (reply: unknown) =>
      redisStore({
        client: {
          evalshaBuffer: async () => reply,
          evalBuffer: async () => reply,
          unlink: async () => 0
        }
      }).take('key', [policy], 1)
    for (const reply of [
      'QUEUED',
      null,
      [1, 2, 3],
      [1, 2, 3, 'x'],
      [1, 2, 3, ''],
      [1, null, 0, 0],
      [1, 2, -1, 0],
      [1, 2, 0.5, 0],
      [1, 2, 3, 4, 5, 6, 7, 8]
    ]) {
      await t.rejects(answering(reply), { code: 'WEIR_LIMITER_STORE_FAILED' })
    }
    t.strictSame(await answering(['1', '2', '0', '3']), [
      { remaining: 1, full: 2, wait: 0, again: 3 }
    ])
  }
)

t.test('invalid data in place of a budget is replaced', async (t) => {
  const client = await server.connect()
  const prefix = randomUUID()
  const store = redisStore({ client, prefix })
  await client.set(`${prefix}:limit:text`, 'no hash')
  await client.hset(`${prefix}:limit:short`, policy.id, 'short', other.id, '')
  const ask = (operation: 'take' | 'peek', key: string) => store[operation](key, [policy, other], 1)
  const before = await Promise.all([ask('peek', 'text'), ask('peek', 'short')])
  t.match(before, [[{ remaining: 10 }, { remaining: 10 }], [{ remaining: 10 }, { remaining: 10 }]])
  t.equal(await client.get(`${prefix}:limit:text`), 'no hash', 'peek changes nothing')
  for (const remaining of [9, 8]) {
    const answers = await Promise.all([
      ask('take', 'sound'),
      ask('take', 'text'),
      ask('take', 'short')
    ])
    t.match(answers, Array.from({ length: 3 }, () => [{ remaining }, { remaining }]))
  }
})

t.test('the script uses no more memory than a log of 257 moments', async (t) => {
  const client = await server.connect()
  const prefix = randomUUID()
  const store = redisStore({ client, prefix })
  const many = definePolicy({
    name: 'many',
    limit: 1_000_000,
    window: 1000,
    algorithm: 'sliding-window'
  })
  for (let i = 0; i < 3000; i++) await store.take('key', [many], 1)
  t.ok(await client.hstrlen(`${prefix}:limit:key`, many.id) <= 258 * 16)
  t.match(DECIDE.sha, /^[0-9a-f]{40}$/)
})
