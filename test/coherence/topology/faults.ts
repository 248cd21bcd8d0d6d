import { setTimeout as delay } from 'node:timers/promises'
import type { Instance } from '../fleet.js'
import type { Random } from '../random.js'
import type { Manner } from './network.js'
import type { Server } from './server.js'
import type { Topology, TopologyKind } from './topology.js'
import { until } from './until.js'

/** The targets of a fault. */
export interface World {
  readonly topology: Topology
  readonly instances: readonly Instance[]
  /** Names of instances that temporarily receive no writes. */
  readonly silent: Set<string>
}

interface Fault {
  readonly kinds: readonly TopologyKind[]
  /** Resolves to the target when the fault is over; the topology may not have settled yet. */
  readonly run: (world: World, random: Random) => Promise<string>
}

const BOTH = ['cluster', 'sentinel'] as const
// Below every timeout after which a server counts as dead.
const BLINK = [50, 800] as const
// Time for which a cut continues after a new master has been elected.
const AFTERWARDS = [1000, 4000] as const

/** All faults of several servers, by name. */
export const TOPOLOGY_FAULTS = {
  'master-killed': {
    kinds: BOTH,
    async run ({ topology }, random) {
      const master = await topology.master()
      await master.kill()
      await anotherThan(topology, master)
      await delay(random.between(0, 1000))
      await master.start()
      return master.name
    }
  },
  // Back before any timeout, and empty: no master is elected.
  'master-emptied': {
    kinds: BOTH,
    async run ({ topology }) {
      const master = await topology.master()
      await master.kill()
      await master.start()
      return master.name
    }
  },
  'replica-killed': {
    kinds: BOTH,
    async run ({ topology }, random) {
      const master = await topology.master()
      const replica = random.pick(topology.servers.filter((server) => server !== master))
      await replica.kill()
      await delay(random.between(0, 500))
      await replica.start()
      return replica.name
    }
  },
  'master-blinked': {
    kinds: BOTH,
    async run ({ topology }, random) {
      const master = await topology.master()
      await stopped(master, () => delay(random.between(...BLINK)))
      return master.name
    }
  },
  // The old master still takes itself for one when it resumes.
  'master-stopped': {
    kinds: BOTH,
    async run ({ topology }, random) {
      const master = await topology.master()
      await stopped(master, async () => {
        await anotherThan(topology, master)
        await delay(random.between(0, 1000))
      })
      return master.name
    }
  },
  'handed-over': {
    kinds: BOTH,
    async run ({ topology }) {
      const master = await topology.master()
      await topology.handOver()
      return master.name
    }
  },
  'listeners-killed': {
    kinds: BOTH,
    async run ({ topology }) {
      await Promise.all(topology.servers.map(({ control }) =>
        control.call('CLIENT', 'KILL', 'TYPE', 'pubsub')))
      return 'all'
    }
  },
  'slot-moved': {
    kinds: ['cluster'],
    async run ({ topology }) {
      await topology.moveSlot?.()
      return 'the slot of the records'
    }
  },
  'instance-cut-off': {
    kinds: BOTH,
    async run (world, random) {
      const { name } = random.pick(world.instances)
      await cut(world, [name], random, () => delay(random.magnitude(50, 4000)))
      return name
    }
  },
  'master-cut-off': {
    kinds: BOTH,
    async run (world, random) {
      const master = await world.topology.master()
      await cut(world, [master.name], random, () => takeOver(world.topology, master, random))
      return master.name
    }
  },
  // The wrong side: for a while the instance talks to a master that has been replaced.
  'cut-off-with-master': {
    kinds: BOTH,
    async run (world, random) {
      const master = await world.topology.master()
      const { name } = random.pick(world.instances)
      const side = [name, master.name, ...world.topology.accomplices]
      // The instance's own writes would wait in the outbox, and keep it from trusting the cache at
      // all.
      if (random.chance(0.7)) world.silent.add(name)
      await cut(world, side, random, () => takeOver(world.topology, master, random))
      world.silent.delete(name)
      return side.join(', ')
    }
  }
} satisfies Record<string, Fault>

export type TopologyFault = keyof typeof TOPOLOGY_FAULTS

const entries = Object.entries(TOPOLOGY_FAULTS) as readonly [TopologyFault, Fault][]

/** The faults that apply to a topology. */
export const faultsFor = (topology: TopologyKind): TopologyFault[] =>
  entries.filter(([, { kinds }]) => kinds.includes(topology)).map(([name]) => name)

/** Runs one fault. @returns its target */
export const befall = (fault: TopologyFault, world: World, random: Random): Promise<string> =>
  TOPOLOGY_FAULTS[fault].run(world, random)

async function stopped (server: Server, meanwhile: () => Promise<unknown>): Promise<void> {
  server.stop()
  try {
    await meanwhile()
  } finally {
    server.continue()
  }
}

async function cut (
  { topology: { network } }: World, side: readonly string[], random: Random,
  meanwhile: () => Promise<unknown>
): Promise<void> {
  // Usually silent, like network failures.
  const manner: Manner = random.chance(0.75) ? 'silent' : 'reset'
  network.split(side, manner)
  try {
    await meanwhile()
  } finally {
    network.heal()
  }
}

async function takeOver (topology: Topology, master: Server, random: Random): Promise<void> {
  await anotherThan(topology, master)
  await delay(random.between(...AFTERWARDS))
}

async function anotherThan (topology: Topology, old: Server): Promise<void> {
  await until(`there is another master than ${old.name}`, async () =>
    topology.master().then((master) => master !== old, () => false))
}
