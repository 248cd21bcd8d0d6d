import t, { type Test } from 'tap'
import { createCache, type Store } from '../src/index.js'
import { type RedisStoreOptions, redisStore } from '../src/stores/redis/index.js'
import { CLOCK } from '../src/stores/redis/scripts.js'
import { listening } from './listening.js'
import { listeningInstance } from './listening-instance.js'
import { startCluster } from './redis-cluster.js'
import { storeContract } from './store-contract.js'

// The contract takes long on a busy machine.
t.setTimeout(300_000)

const OPTIONS = { ttl: '1h', tags: ['tag'] } as const

const cluster = await startCluster(t)

/** A store that is closed after the test, with a lease short enough for the suite. */
function open (t: Test, options: RedisStoreOptions): Store {
  const store = redisStore({ lease: 10, ...options })
  t.teardown(() => store.close())
  return store
}

storeContract(t, 'a Redis cluster', { shared: true, persistent: true }, async (t) => {
  const control = await cluster.connect()
  await cluster.flush()
  return {
    process: { kind: 'redis-cluster', addresses: cluster.addresses },
    open: async (options) => open(t, { client: await cluster.connect(), ...options }),
    remaining: (namespace, key) => control.pttl(`weir:${namespace}:{=${key}}`),
    async setClock (namespace, clock) {
      await control.zadd(`weir:{${namespace}}:tags`, clock, CLOCK)
    },
    async loseRecords (namespace) {
      await control.del(`weir:{${namespace}}:tags`)
    },
    async loseReplacements (namespace) {
      await control.del(`weir:{${namespace}}:replaced`)
    }
  }
})

t.test('entries are spread over all nodes, and no command needs two of them', async (t) => {
  await cluster.flush()
  const cache = createCache<number>({
    store: open(t, { client: await cluster.connect() }),
    namespace: 'n'
  })
  const keys = Array.from({ length: 60 }, (_, i) => `key-${i}`)
  await Promise.all(
    keys.map((key, i) => cache.remember(key, { ttl: '1h', tags: [`tag-${i}`] }, () => i))
  )
  for (const { control } of cluster.nodes) t.ok(await control.dbsize() > 10)
  t.strictSame(await cache.getMany(keys), keys.map((_, i) => i))
  await cache.invalidate(keys.map((_, i) => `tag-${i}`).slice(0, 30))
  await cache.delete('key-59')
  t.strictSame(await cache.getMany(keys), keys.map((_, i) => i >= 30 && i < 59 ? i : undefined))
  t.equal(cache.stats().errors, 0)
})

t.test('instances receive each other\'s invalidations, in namespaces on all nodes', async (t) => {
  await cluster.flush()
  const namespaces = ['b', 'c', 'a']
  t.strictSame(
    await Promise.all(namespaces.map((namespace) => cluster.ownerOf(namespace))),
    cluster.nodes
  )
  const client = await cluster.connect()
  for (const namespace of namespaces) {
    const here = await listeningInstance(t, client, { namespace })
    const there = await listeningInstance(t, await cluster.connect(), { namespace })
    await here.cache.remember('key', OPTIONS, () => 'old')
    t.equal(await there.cache.get('key'), 'old')
    t.equal(there.cache.lookup('key')?.entry.value, 'old', 'under the lease, without asking')
    const heard = there.heard()
    await here.cache.invalidate(['tag'], { consistency: 'bounded' })
    await heard
    t.equal(there.cache.lookup('key'), undefined)
    t.equal(await there.cache.get('key'), undefined)
  }
})

t.test(
  'namespaces of one store share a connection to each node that has some of them',
  async (t) => {
    await cluster.flush()
    const store = open(t, { client: await cluster.connect(), lease: 60_000 })
    for (const namespace of ['a', 'b', 'c', 'd', 'e', 'f']) {
      const complete = listening(true)
      const cache = createCache<string>({ store, namespace })
      await complete
      await cache.set('key', 'value', { ttl: '1h', consistency: 'bounded' })
      t.equal(await cache.get('key'), 'value')
      t.equal(cache.lookup('key')?.entry.value, 'value')
    }
    const listeners = await Promise.all(
      cluster.nodes.map(async ({ control }) => {
        const clients = String(await control.client('LIST'))
        return clients.split('\n').filter((line) => /ssub=[1-9]/.test(line)).length
      })
    )
    t.strictSame(listeners, [1, 1, 1])
  }
)
