import { createCluster } from '@redis/client'
import { Cluster as Cluster5 } from 'ioredis5'
import t, { type Test } from 'tap'
import { CLOCK } from '../src/stores/redis/scripts.js'
import { startCluster } from './redis-cluster.js'
import { openStore } from './redis-place.js'
import { storeContract } from './store-contract.js'

// The contract takes long on a busy machine.
t.setTimeout(300_000)

const cluster = await startCluster(t)

async function ioredis5 (t: Test) {
  const client = new Cluster5([...cluster.addresses])
  t.teardown(() => { client.disconnect() })
  return client
}

async function nodeRedis (t: Test) {
  const client = createCluster({ rootNodes: cluster.addresses.map((socket) => ({ socket })) })
  client.on('error', () => {})
  await client.connect()
  t.teardown(() => { client.destroy() })
  return client
}

for (const [name, connect] of Object.entries({ ioredis5, nodeRedis })) {
  storeContract(t, `a cluster, by ${name}`, { shared: true, persistent: true }, async (t) => {
    const control = await cluster.connect()
    await cluster.flush()
    return {
      process: { kind: 'redis-cluster', addresses: cluster.addresses },
      open: async (options) => openStore(t, { client: await connect(t), ...options }),
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
