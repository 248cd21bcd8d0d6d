import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Teardowns } from '../teardowns.js'
import { freePorts } from './free-ports.js'
import { Network, type Sources } from './network.js'
import { Server } from './server.js'
import { GROUP, sourceOf, type Topology } from './topology.js'
import { until } from './until.js'

const SERVERS = 3
const SENTINELS = 3
const QUORUM = 2
const NAME = 'main'
// Redis counts lag in whole seconds, once a second: a master without its replicas notices within
// `min-replicas-max-lag` + 3 s. Until then no other master may be elected.
const MAX_LAG = 1
const DOWN_AFTER = 4000

/** A master with two replicas and three Sentinels, behind proxies. */
export class SentinelTopology implements Topology {
  readonly kind = 'sentinel'
  readonly url: string

  private constructor (
    readonly network: Network, readonly servers: readonly Server[],
    readonly sentinels: readonly Server[]
  ) {
    const addresses = sentinels.map(({ door }) => `127.0.0.1:${door}`)
    this.url = `redis+sentinel://${addresses.join(',')}/${NAME}`
  }

  /** A Sentinel that keeps reporting the old master: the other two suffice to elect a new one. */
  get accomplices (): readonly string[] {
    return this.sentinels.slice(0, 1).map(({ name }) => name)
  }

  static async start (
    teardowns: Teardowns, folder: string, instances: Sources
  ): Promise<SentinelTopology> {
    const members = (await freePorts(SERVERS + SENTINELS, 2)).map(memberOf)
    const sources = Object.fromEntries(members.map(({ name, source }) => [source, name]))
    const doors = members.map(({ name: member, port: target, door: port }) =>
      ({ member, target, port }))
    const network = await Network.start(teardowns, doors, { ...sources, ...instances })
    const [master] = members
    const all = await Promise.all(members.map(async (member) => {
      const dir = join(folder, member.name)
      await mkdir(dir)
      const settings = { ...member, dir, master: master?.door ?? 0 }
      const args = member.isSentinel
        ? await sentinelArguments(settings)
        : serverArguments(settings)
      return new Server(teardowns, { ...member, network, args })
    }))
    for (const server of all) await server.start()
    const topology = new SentinelTopology(network, all.slice(0, SERVERS), all.slice(SERVERS))
    await topology.#quicken()
    await topology.settled()
    return topology
  }

  /** Asks the Sentinels that are never cut off. */
  async master (): Promise<Server> {
    const [, ...majority] = this.sentinels
    const doors = await Promise.all(majority.map(masterDoorOf))
    const master = this.servers.find(({ door }) => doors.every((told) => told === door))
    if (master === undefined) throw new Error(`Sentinels do not agree: ${doors.join(', ')}`)
    return master
  }

  async handOver (): Promise<void> {
    const before = await this.master()
    const [, sentinel] = this.sentinels
    await until('Sentinel begins', async () =>
      sentinel !== undefined && await accepts(sentinel, 'FAILOVER'))
    await until('there is another master', async () => {
      return await this.master().then((master) => master !== before, () => false)
    })
  }

  async settled (): Promise<void> {
    await until('the master has its replicas', async () => {
      const doors = await Promise.all(this.sentinels.map(masterDoorOf))
      if (new Set(doors).size > 1) return false
      const master = await this.master()
      const infos = await Promise.all(this.servers.map((server) => server.info('replication')))
      const sees = await Promise.all(this.sentinels.map((one) => accepts(one, 'CKQUORUM')))
      return sees.every(Boolean) && this.servers.every((server, i) => server === master
        ? infos[i]?.includes(`min_slaves_good_slaves:${SERVERS - 1}`)
        : infos[i]?.includes('master_link_status:up') &&
          infos[i].includes(`master_port:${master.door}`))
    })
    await until('Sentinels know all replicas', async () => {
      const known = await Promise.all(this.sentinels.map(({ control }) =>
        control.call('SENTINEL', 'REPLICAS', NAME)))
      return known.every((replicas) =>
        JSON.stringify(replicas).split('"master-link-status","ok"').length === SERVERS)
    })
  }

  /** Shortens periods of seconds that no check depends on. */
  async #quicken (): Promise<void> {
    for (const { control } of this.sentinels) {
      await control.call('SENTINEL', 'DEBUG',
        'INFO-PERIOD', 500, 'PUBLISH-PERIOD', 500, 'ASK-PERIOD', 200)
    }
  }
}

/** Whether a Sentinel answers a command about the master without an error. */
const accepts = ({ control }: Server, command: string): Promise<boolean> =>
  control.call('SENTINEL', command, NAME).then(() => true, () => false)

async function masterDoorOf ({ control }: Server): Promise<number> {
  const address = await control.call('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', NAME)
  return Array.isArray(address) ? Number(address[1]) : 0
}

/** A server or a Sentinel: its address for other members, and its own. */
interface Member {
  readonly name: string
  readonly isSentinel: boolean
  readonly source: string
  readonly port: number
  readonly door: number
}

function memberOf ([port = 0, door = 0]: number[], i: number): Member {
  if (i < SERVERS) {
    const source = sourceOf(GROUP.server, i)
    return { name: `redis${i}`, isSentinel: false, source, port, door }
  }
  const index = i - SERVERS
  const source = sourceOf(GROUP.sentinel, index)
  return { name: `sentinel${index}`, isSentinel: true, source, port, door }
}

interface Settings extends Member {
  readonly dir: string
  /** Door of the first master. */
  readonly master: number
}

const serverArguments = ({ port, door, source, dir, master }: Settings) => [
  '--port', `${port}`, '--bind', '127.0.0.1', '--bind-source-addr', source, '--dir', dir,
  '--save', '', '--appendonly', 'no', '--repl-diskless-sync-delay', '0',
  '--replica-announce-ip', '127.0.0.1', '--replica-announce-port', `${door}`,
  '--min-replicas-to-write', '1', '--min-replicas-max-lag', `${MAX_LAG}`,
  ...door === master ? [] : ['--replicaof', '127.0.0.1', `${master}`]
]

async function sentinelArguments (settings: Settings): Promise<string[]> {
  const { port, door, source, dir, master } = settings
  const file = join(dir, 'sentinel.conf')
  await writeFile(file, [
    `port ${port}`, 'bind 127.0.0.1', `bind-source-addr ${source}`, `dir ${dir}`,
    'sentinel announce-ip 127.0.0.1', `sentinel announce-port ${door}`,
    `sentinel monitor ${NAME} 127.0.0.1 ${master} ${QUORUM}`,
    `sentinel down-after-milliseconds ${NAME} ${DOWN_AFTER}`,
    `sentinel failover-timeout ${NAME} 3000`
  ].join('\n'))
  return [file, '--sentinel']
}
