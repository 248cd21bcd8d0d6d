import { createCluster } from '@redis/client'
import { Cluster as Cluster5 } from 'ioredis5'
import t, { type Test } from 'tap'
import { CLOCK } from '../src/stores/redis/scripts.js'
import { startCluster, type RedisCluster } from './redis-cluster.js'
import { openStore } from './redis-place.js'
import { storeContract } from './store-contract.js'

// The contract takes long on a busy machine.
t.setTimeout(300_000)

// Strict invalidations wait for a lease, which takes time and no CPU: both clients wait together.
t.jobs = 2

async function ioredis5 (t: Test, cluster: RedisCluster) {
  const client = new Cluster5([...cluster.addresses])
  t.teardown(() => { client.disconnect() })
  return client
}

async function nodeRedis (t: Test, cluster: RedisCluster) {
  const client = createCluster({ rootNodes: cluster.addresses.map((socket) => ({ socket })) })
  client.on('error', () => {})
  await client.connect()
  t.teardown(() => { client.destroy() })
  return client
}

for (const [name, connect] of Object.entries({ ioredis5, nodeRedis })) {
  // Each test of the contract empties it.
  const cluster = await startCluster(t)
  storeContract(t, `a cluster, by ${name}`, { shared: true, persistent: true }, async (t) => {
    const control = await cluster.connect()
    await cluster.flush()
    return {
      process: { kind: 'redis-cluster', addresses: cluster.addresses },
      open: async (options) => openStore(t, { client: await connect(t, cluster), ...options }),
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
}
