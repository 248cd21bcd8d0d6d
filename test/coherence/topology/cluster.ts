import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Teardowns } from '../teardowns.js'
import { freePorts } from './free-ports.js'
import { Network, type Sources } from './network.js'
import { Server } from './server.js'
import { GROUP, sourceOf, type Topology } from './topology.js'
import { until } from './until.js'

const MASTERS = 3
const SIZE = 2 * MASTERS
const SLOTS = 16_384
const NODE_TIMEOUT = 1000

/** A node: its address for other members, and its own. */
interface Member {
  readonly name: string
  readonly source: string
  readonly port: number
  readonly bus: number
  readonly door: number
  readonly busDoor: number
}

/** A node's description of itself. */
interface View {
  readonly server: Server
  readonly id: string
  readonly isMaster: boolean
  readonly epoch: number
  readonly slots: readonly (readonly [number, number])[]
  readonly masterId: string
}

/** A Redis Cluster of three masters with a replica each, behind proxies. */
export class ClusterTopology implements Topology {
  readonly kind = 'cluster'
  readonly accomplices = []
  readonly url: string

  private constructor (
    readonly network: Network, readonly servers: readonly Server[],
    readonly members: readonly Member[], readonly channel: string
  ) {
    this.url = `redis+cluster://${members.map(({ door }) => `127.0.0.1:${door}`).join(',')}`
  }

  /** @param channel a key in the slot of the relevant records */
  static async start (
    teardowns: Teardowns, folder: string, instances: Sources, channel: string
  ): Promise<ClusterTopology> {
    const members = (await freePorts(SIZE, 4)).map(memberOf)
    const sources = Object.fromEntries(members.map(({ name, source }) => [source, name]))
    const network = await Network.start(teardowns, members.flatMap((member) => [
      { member: member.name, target: member.port, port: member.door },
      { member: member.name, target: member.bus, port: member.busDoor }
    ]), { ...sources, ...instances })
    const servers = await Promise.all(members.map(async (member) => {
      const dir = join(folder, member.name)
      await mkdir(dir)
      return new Server(teardowns, { ...member, network, args: nodeArguments(member, dir) })
    }))
    await Promise.all(servers.map((server) => server.start()))
    const cluster = new ClusterTopology(network, servers, members, channel)
    await cluster.#form()
    return cluster
  }

  async master (): Promise<Server> {
    return (await this.#masterView()).server
  }

  async handOver (): Promise<void> {
    const master = await this.#masterView()
    const replica = (await this.#views()).find(({ masterId }) => masterId === master.id)
    if (replica === undefined) throw new Error(`${master.server.name} has no replica`)
    await replica.server.control.cluster('FAILOVER')
    await until('the replica is master', async () => await this.master() === replica.server)
  }

  async settled (): Promise<void> {
    await until('the cluster is whole', async () => {
      const views = await this.#views()
      const masters = views.filter(({ slots }) => slots.length > 0)
      const states = await Promise.all(this.servers.map(async (server) => {
        const state = await server.control.cluster('INFO')
        const links = await server.info('replication')
        return state.includes('cluster_state:ok') &&
          /role:master|master_link_status:up/.test(links)
      }))
      return states.every(Boolean) && masters.length === MASTERS && masters.every(({ id }) =>
        views.some(({ masterId, slots }) => masterId === id && slots.length === 0))
    }, () => this.#state())
  }

  /** Like redis-cli's reshard: moves entry by entry, then informs each master. */
  readonly moveSlot = async () => {
    const from = await this.#masterView()
    const masters = (await this.#views()).filter(({ slots }) => slots.length > 0)
    const to = masters.find(({ id }) => id !== from.id)
    if (to === undefined) throw new Error('there is no other master')
    const [source, target] = [from.server.control, to.server.control]
    const slot = await this.#slot()
    await target.cluster('SETSLOT', slot, 'IMPORTING', from.id)
    await source.cluster('SETSLOT', slot, 'MIGRATING', to.id)
    for (let keys = ['']; keys.length > 0;) {
      keys = await source.cluster('GETKEYSINSLOT', slot, 10)
      if (keys.length > 0) {
        await source.call('MIGRATE', '127.0.0.1', to.server.port, '', 0, 1000, 'KEYS', ...keys)
      }
    }
    for (const { server } of [to, from, ...masters]) {
      await server.control.cluster('SETSLOT', slot, 'NODE', to.id)
    }
    await until('the slot has moved', async () => await this.master() === to.server)
  }

  async #form (): Promise<void> {
    const masters = this.servers.slice(0, MASTERS)
    await Promise.all(masters.map(({ control }, i) =>
      control.cluster('ADDSLOTSRANGE', ...share(i))))
    // Nodes that start with the same epoch would first have to resolve the conflict.
    await Promise.all(this.servers.map(({ control }, i) =>
      control.call('CLUSTER', 'SET-CONFIG-EPOCH', i + 1)))
    const [first] = this.servers
    for (const { door, busDoor } of this.members.slice(1)) {
      await first?.control.call('CLUSTER', 'MEET', '127.0.0.1', door, busDoor)
    }
    await until('all nodes know each other', async () => {
      const infos = await Promise.all(this.servers.map(({ control }) => control.cluster('INFO')))
      return infos.every((info) => info.includes(`cluster_known_nodes:${SIZE}`))
    })
    const views = await this.#views()
    await Promise.all(this.servers.slice(MASTERS).map(async ({ control }, i) => {
      const id = views.find(({ server }) => server === masters[i])?.id ?? ''
      await until('a replica knows its master', async () => {
        return control.cluster('REPLICATE', id).then(() => true, () => false)
      })
    }))
    await this.settled()
  }

  /** The node with the latest epoch among those that claim the slot. */
  async #masterView (): Promise<View> {
    const slot = await this.#slot()
    const [latest] = (await this.#views())
      .filter(({ slots }) => slots.some(([first, last]) => first <= slot && slot <= last))
      .sort((a, b) => b.epoch - a.epoch)
    if (latest === undefined) throw new Error(`no node that is up has slot ${slot}`)
    return latest
  }

  async #slot (): Promise<number> {
    const up = this.servers.find(({ isUp }) => isUp)
    return await up?.control.cluster('KEYSLOT', this.channel) ?? 0
  }

  /** The state of the cluster that all nodes agree on. */
  async #state (): Promise<string> {
    const parts = await Promise.all(this.servers.map(async ({ name, control }) => {
      const [state] = String(await control.cluster('INFO')).split('\n')
      return `${name}, ${state}\n${String(await control.cluster('NODES'))}`
    }))
    return parts.join('')
  }

  #views (): Promise<View[]> {
    return Promise.all(this.servers.filter(({ isUp }) => isUp).map(viewOf))
  }
}

const memberOf = ([port = 0, bus = 0, door = 0, busDoor = 0]: number[], i: number): Member =>
  ({ name: `node${i}`, source: sourceOf(GROUP.server, i), port, bus, door, busDoor })

const nodeArguments = ({ port, bus, door, busDoor, source }: Member, dir: string) => [
  '--port', `${port}`, '--bind', '127.0.0.1', '--bind-source-addr', source, '--dir', dir,
  '--save', '', '--appendonly', 'no', '--repl-diskless-sync-delay', '0',
  '--cluster-enabled', 'yes', '--cluster-port', `${bus}`,
  '--cluster-node-timeout', `${NODE_TIMEOUT}`, '--cluster-allow-replica-migration', 'no',
  '--cluster-announce-ip', '127.0.0.1', '--cluster-announce-port', `${door}`,
  '--cluster-announce-bus-port', `${busDoor}`
]

/** @see https://redis.io/docs/latest/commands/cluster-nodes/ */
async function viewOf (server: Server): Promise<View> {
  const nodes = String(await server.control.cluster('NODES'))
  const line = nodes.split('\n').find((line) => line.includes('myself')) ?? ''
  const [id = '', , flags = '', masterId = '', , , epoch, , ...slots] = line.trim().split(' ')
  const isMaster = flags.includes('master')
  return {
    server,
    id,
    isMaster,
    masterId,
    epoch: Number(epoch),
    // Slots in brackets are migrating.
    slots: isMaster ? slots.filter((text) => !text.startsWith('[')).map(rangeOf) : []
  }
}

function rangeOf (text: string): [number, number] {
  const [first = 0, last = first] = text.split('-').map(Number)
  return [first, last]
}

const share = (i: number): [number, number] =>
  [Math.floor(SLOTS * i / MASTERS), Math.floor(SLOTS * (i + 1) / MASTERS) - 1]
