import { Cluster } from 'ioredis'
import type { Test } from 'tap'
import { freePorts } from '@weir/internal/testing'
import { type RedisNode, startNode, until } from './redis-node.js'

const SLOTS = 16_384
const MASTERS = 3

/** A real cluster of three masters that lives as long as the test. */
export interface RedisCluster {
  readonly nodes: readonly RedisNode[]
  readonly addresses: readonly { readonly host: string, readonly port: number }[]
  /** Returns a connected client with options suited to requests; closed after the test. */
  connect (): Promise<Cluster>
  /** Empties all nodes. */
  flush (): Promise<void>
  /** Finds the master that owns the key's slot. */
  ownerOf (key: string): Promise<RedisNode>
  /** Adds a replica to a master, and resolves when it has all the master's data. */
  replicate (master: RedisNode): Promise<RedisNode>
}

export async function startCluster (t: Test): Promise<RedisCluster> {
  const masters = await Promise.all(Array.from({ length: MASTERS }, () => startMember(t)))
  await Promise.all(masters.map(({ control }, i) => control.cluster('ADDSLOTSRANGE', ...share(i))))
  // Nodes that start with the same epoch would first have to resolve the conflict.
  await Promise.all(
    masters.map(({ control }, i) => control.call('CLUSTER', 'SET-CONFIG-EPOCH', i + 1))
  )
  const nodes = [...masters]
  await meet(masters, nodes)
  return {
    nodes,
    addresses: masters.map(addressOf),
    connect: () => connectCluster(t, masters.map(addressOf)),
    async flush () {
      await Promise.all(masters.map(({ control }) => control.flushall()))
    },
    async ownerOf (key) {
      // Only the owner of its slot answers.
      return Promise.any(nodes.map(async (node) => {
        await node.control.unlink(`{${key}}:none`)
        return node
      }))
    },
    async replicate (master) {
      const replica = await startMember(t)
      nodes.push(replica)
      await meet([master, replica], nodes)
      await replica.control.cluster('REPLICATE', String(await master.control.cluster('MYID')))
      await until('the replica follows', async () =>
        /master_link_status:up/.test(await replica.control.info('replication'))
      )
      // Voters have to know it as a replica.
      await until('all know the replica', async () => {
        const views = await Promise.all(nodes.map(({ control }) => control.cluster('NODES')))
        return views.every((view) => String(view).includes('slave'))
      })
      return replica
    }
  }
}

export async function connectCluster (
  t: Pick<Test, 'teardown'>,
  addresses: readonly { host: string; port: number }[]
): Promise<Cluster> {
  const client = new Cluster([...addresses], {
    lazyConnect: true,
    enableOfflineQueue: false,
    clusterRetryStrategy: () => 20,
    redisOptions: { commandTimeout: 500 }
  })
  t.teardown(() => {
    client.disconnect()
  })
  client.on('error', () => {})
  await client.connect()
  return client
}

async function startMember (t: Test): Promise<RedisNode> {
  const [port = 0, bus] = await freePorts(2)
  return startNode(t, port, async (dir) => [
    '--port', `${port}`, '--bind', '127.0.0.1', '--dir', dir, '--save', '', '--appendonly', 'no',
    '--cluster-enabled', 'yes', '--cluster-port', `${bus}`, '--cluster-node-timeout', '1000',
    '--cluster-replica-validity-factor', '0', '--repl-diskless-sync-delay', '0'
  ])
}

async function meet (some: readonly RedisNode[], all: readonly RedisNode[]): Promise<void> {
  const [first, ...others] = some
  for (const { port, control } of others) {
    const bus = /@(\d+)/.exec(String(await control.cluster('NODES')))?.[1] ?? ''
    await first?.control.call('CLUSTER', 'MEET', '127.0.0.1', port, bus)
  }
  await until('all nodes know each other and are in order', async () => {
    const infos = await Promise.all(all.map(({ control }) => control.cluster('INFO')))
    return infos.every(
      (info) =>
        info.includes('cluster_state:ok') && info.includes(`cluster_known_nodes:${all.length}`)
    )
  })
}

const share = (i: number): [number, number] => [
  Math.floor((SLOTS * i) / MASTERS),
  Math.floor((SLOTS * (i + 1)) / MASTERS) - 1
]

const addressOf = ({ port }: RedisNode) => ({ host: '127.0.0.1', port })
