import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { bundleInstance } from '../bundle-instance.js'
import type { Counts } from '../counts.js'
import { makeDatabase } from '../database.js'
import { type Instance, startFleet } from '../fleet.js'
import { Judge, type Violation } from '../judge.js'
import { Load } from '../load.js'
import { Random } from '../random.js'
import { RESOURCES, resourcesOf, type WorkloadName } from '../resources.js'
import { Teardowns } from '../teardowns.js'
import { ClusterTopology } from './cluster.js'
import { befall, type TopologyFault } from './faults.js'
import type { Sources } from './network.js'
import { type IdleCost, measureIdle } from './idle.js'
import { Latencies } from './latencies.js'
import { Probe } from './probe.js'
import { SentinelTopology } from './sentinel.js'
import { GROUP, sourceOf, type Topology, type TopologyKind } from './topology.js'

export interface TopologyRunOptions {
  readonly topology: TopologyKind
  /** Minimum duration; the fault in progress is completed. */
  readonly seconds: number
  readonly seed: string
  readonly processes: number
  readonly faults: readonly TopologyFault[]
  readonly workloads: readonly WorkloadName[]
  /**
   * Clients per instance that read at full speed; without them, latencies are those of the cache.
   */
  readonly readers?: number
  /** Called when a fault is over. */
  readonly onPeriod?: (period: Period) => void
}

/** A period of the run: a fault until everything has settled, or the quiet time before it. */
export interface Period {
  readonly fault: TopologyFault | 'none'
  readonly target: string
  /** Milliseconds, as in the judge's history. */
  readonly begin: number
  /** When the fault itself was over. */
  readonly over: number
  readonly end: number
  readonly latencies: Latencies
  readonly violations: readonly Violation[]
}

export interface TopologyOutcome {
  readonly seconds: number
  readonly counts: Readonly<Counts>
  readonly periods: readonly Period[]
  readonly deaths: readonly string[]
  readonly failedProbes: number
}

const PRELOADED = new URL('source-address.js', import.meta.url).href
const VERSIONS = 24
// The other versions belong to the probe, and no client writes them.
const PROBED = resourcesOf('versions').slice(VERSIONS).map(({ id }) => id)
// The plugin's default, for all instances.
const COMMAND_TIMEOUT = '100'
const PROBE_EVERY = 20
// A key in the slot that has the records of the response cache.
const RECORDS = '{responses}'
const CALM = 1000
// Time for instances to compile their code.
const WARM_UP = 2000
// Minimum time after a fault for readers to recover, in ms.
const AFTERMATH = 2000

/** Starts servers and instances, runs faults one after the other, and ends everything. */
export async function runTopology (options: TopologyRunOptions): Promise<TopologyOutcome> {
  const teardowns = new Teardowns()
  try {
    return await runWith(options, teardowns)
  } finally {
    await teardowns.run()
  }
}

async function runWith (
  options: TopologyRunOptions, teardowns: Teardowns
): Promise<TopologyOutcome> {
  const { seconds, seed, faults, workloads, readers = 4, onPeriod } = options
  const random = new Random(seed)
  const folder = await temporaryFolder(teardowns)
  const topology = await startTopology(options, teardowns, folder)

  const enough = new AbortController()
  const deaths: string[] = []
  const instances = await startInstances(options, topology, teardowns, folder, (said) => {
    deaths.push(said)
    enough.abort()
  })
  const silent = new Set<string>()
  let violations: Violation[] = []
  const load = new Load({
    instances,
    judge: new Judge(),
    random: random.of('load'),
    workloads,
    versions: VERSIONS,
    readers,
    writers: 2,
    pause: 250,
    writes: ({ name }) => !silent.has(name),
    isFull: () => false,
    onViolation (violation) { violations.push(violation) },
    onAnswer () {}
  })
  const probe = new Probe({ instances, ids: PROBED, every: PROBE_EVERY })

  const began = performance.now()
  const loading = load.run()
  loading.catch(() => { enough.abort() })
  teardowns.add(() => { load.stop() })
  probe.start()
  teardowns.add(() => probe.stop())

  await delay(WARM_UP)

  const periods: Period[] = []
  const during = async (
    fault: Period['fault'], run: () => Promise<{ target: string, over: number }>
  ) => {
    const begin = performance.now()
    const latencies = probe.current = new Latencies()
    const found: Violation[] = violations = []
    const { target, over } = await run()
    const end = performance.now()
    const period = { fault, target, begin, over, end, latencies, violations: found }
    periods.push(period)
    if (fault !== 'none') onPeriod?.(period)
  }
  const choices = random.of('faults')
  const isEnough = () => enough.signal.aborted || performance.now() - began >= 1000 * seconds
  for (let deck: TopologyFault[] = []; !isEnough();) {
    await during('none', async () => {
      await delay(CALM)
      return { target: '', over: performance.now() }
    })
    // Shuffled instead of drawn, so that each comes soon.
    if (deck.length === 0) deck = choices.shuffled(faults)
    const fault = deck.pop()
    if (fault === undefined || isEnough()) continue
    await during(fault, async () => {
      const target = await befall(fault, { topology, instances, silent }, choices)
      const over = performance.now()
      await Promise.all([topology.settled(), delay(AFTERMATH)])
      return { target, over }
    })
  }
  load.stop()
  await Promise.all([loading, probe.stop()])
  return {
    seconds: (performance.now() - began) / 1000,
    counts: load.counts,
    periods,
    deaths,
    failedProbes: probe.failed
  }
}

/** Starts only the servers and measures the cost of an instance without requests. */
export async function runIdle (topology: TopologyKind, seconds: number): Promise<IdleCost> {
  const teardowns = new Teardowns()
  try {
    const folder = await temporaryFolder(teardowns)
    const started = await startTopology({ topology, processes: 0 }, teardowns, folder)
    return await measureIdle(started, teardowns, seconds)
  } finally {
    await teardowns.run()
  }
}

async function temporaryFolder (teardowns: Teardowns): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'weir-topology-'))
  teardowns.add(() => rm(folder, { recursive: true, force: true }))
  return folder
}

function startTopology (
  { topology, processes }: Pick<TopologyRunOptions, 'topology' | 'processes'>,
  teardowns: Teardowns, folder: string
): Promise<Topology> {
  const sources: Sources = Object.fromEntries(Array.from({ length: processes }, (_, i) =>
    [sourceOf(GROUP.instance, i), String.fromCharCode('a'.charCodeAt(0) + i)]))
  return topology === 'cluster'
    ? ClusterTopology.start(teardowns, folder, sources, RECORDS)
    : SentinelTopology.start(teardowns, folder, sources)
}

async function startInstances (
  { processes }: TopologyRunOptions, { url }: Topology, teardowns: Teardowns, dataDir: string,
  onDeath: (said: string) => void
): Promise<Instance[]> {
  await makeDatabase(join(dataDir, 'versions.db'), RESOURCES.length)
  return startFleet({
    program: await bundleInstance(join(dataDir, 'program')),
    processes,
    dataDir,
    addresses: { storeUrl: () => url },
    environment: (index) => ({
      COMMAND_TIMEOUT,
      SOURCE_ADDRESS: sourceOf(GROUP.instance, index),
      NODE_OPTIONS: `--import ${PRELOADED}`
    })
  }, teardowns, onDeath)
}
