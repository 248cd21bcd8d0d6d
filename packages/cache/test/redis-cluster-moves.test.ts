import type { Cluster } from 'ioredis'
import t, { type Test } from 'tap'
import { startCluster } from './redis-cluster.js'
import { until, type RedisNode } from './redis-node.js'
import { listening } from './listening.js'
import { hearsAgain, listeningInstance } from './listening-instance.js'

const cluster = await startCluster(t)
// The node is asked every fifth of it.
const LEASE = 250
const OPTIONS = { ttl: '1h', tags: ['tag'] } as const

/**
 * Two instances with the entry in memory. They stop serving it only because of received messages,
 * or because they receive none.
 */
async function twoInstances (t: Test, key: string) {
  const clients: Cluster[] = [await cluster.connect(), await cluster.connect()]
  const [a, b] = await Promise.all(
    clients.map((client) => listeningInstance(t, client, { lease: LEASE }))
  )
  if (a === undefined || b === undefined) throw new Error('no instances')
  await a.cache.remember(key, OPTIONS, () => 'old')
  t.equal(await b.cache.get(key), 'old')
  return { a, b }
}

t.test('the slot of a namespace moves to another node', async (t) => {
  await cluster.flush()
  const { a, b } = await twoInstances(t, 'key')
  const from = await cluster.ownerOf('n')
  const to = other(from)
  const [fromId, toId] = [await id(from), await id(to)]
  const slot = await from.control.cluster('KEYSLOT', 'n')

  const cut = listening(false, 2)
  await to.control.cluster('SETSLOT', slot, 'IMPORTING', fromId)
  await from.control.cluster('SETSLOT', slot, 'MIGRATING', toId)
  await cut
  await t.test(
    'while it migrates, messages come from a node without listeners: memory is not trusted',
    async (t) => {
      await from.control.migrate('127.0.0.1', to.port, 'weir:{n}:tags', 0, 1000)
      await a.cache.invalidate(['tag'], { consistency: 'bounded' })
      t.equal(b.cache.lookup('key'), undefined)
      t.equal(await b.cache.get('key'), undefined)
      t.equal(await b.cache.remember('key', OPTIONS, () => 'new'), 'new')
      t.equal(await a.cache.get('key'), 'new')
    }
  )
  const back = listening(true, 2)
  for (const node of [to, from, ...cluster.nodes]) {
    await node.control.cluster('SETSLOT', slot, 'NODE', toId)
  }
  await back
  t.equal(await cluster.ownerOf('n'), to)
  t.equal(await b.cache.get('key'), 'new')
  await hearsAgain(t, a, b)
})

t.test('the slot leaves and returns before any request', async (t) => {
  await cluster.flush()
  const { a, b } = await twoInstances(t, 'key')
  await cluster.flush() // a node gives up a slot only when it has no keys there
  const owner = await cluster.ownerOf('n')
  const slot = await owner.control.cluster('KEYSLOT', 'n')
  const [cut, back] = [listening(false, 2), listening(true, 2)]
  await owner.control.pipeline()
    .cluster('SETSLOT', slot, 'NODE', await id(other(owner)))
    .cluster('SETSLOT', slot, 'NODE', await id(owner))
    .exec()
  await cut
  await back
  await hearsAgain(t, a, b)
})

t.test(
  'the node of a namespace hands over to its replica, and dies while a replica that missed messages takes over',
  async (t) => {
    await cluster.flush()
    const first = await cluster.ownerOf('n')
    const second = await cluster.replicate(first)
    const key = await keyElsewhere(first)
    const { a, b } = await twoInstances(t, key)

    await t.test('handed over', async (t) => {
      const [cut, back] = [listening(false, 2), listening(true, 2)]
      await second.control.cluster('FAILOVER')
      await cut
      await back
      t.equal(await cluster.ownerOf('n'), second)
      await hearsAgain(t, a, b)
    })

    await t.test('died', async (t) => {
      await until('the first follows', async () =>
        /master_link_status:up/.test(await first.control.info('replication'))
      )
      await a.cache.remember(key, OPTIONS, () => 'old')
      t.equal(await b.cache.get(key), 'old')
      // The replica receives nothing more from its master.
      await second.control.call('ACL', 'SETUSER', 'default', '-psync')
      await second.control.call('CLIENT', 'KILL', 'TYPE', 'replica')
      await a.cache.invalidate(['tag'], { consistency: 'bounded' })
      const [cut, back] = [listening(false, 2), listening(true, 2)]
      await second.kill()
      await cut
      t.equal(await b.cache.remember(key, OPTIONS, () => 'computed'), 'computed', 'reads go on')
      await back
      t.equal(await cluster.ownerOf('n'), first)
      for (const { cache } of [a, b]) t.not(await cache.get(key), 'old')
      await hearsAgain(t, a, b)
    })
  }
)

const id = async ({ control }: RedisNode) => String(await control.cluster('MYID'))

function other (node: RedisNode): RedisNode {
  const found = cluster.nodes.find((one) => one !== node)
  if (found === undefined) throw new Error('there is no other')
  return found
}

/** A key whose entry outlives the node. */
async function keyElsewhere (node: RedisNode): Promise<string> {
  for (let i = 0; ; i++) {
    if (await cluster.ownerOf(`=key-${i}`) !== node) return `key-${i}`
  }
}
