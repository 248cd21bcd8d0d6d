import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { startMemcached } from '@weir/internal/testing'
import { Backlog } from './backlog.js'
import { bundleInstance } from './bundle-instance.js'
import { type Counts, tooFew } from './counts.js'
import { makeDatabase } from './database.js'
import { startDestination } from './edge.js'
import type { Staleness } from './edge-judge.js'
import type { EdgeKind } from './edge-settings.js'
import { DATABASE_OUTAGES, type DatabaseKind, type FaultKind, faultsFor, type StoreKind } from './faults.js'
import { type Addresses, startFleet } from './fleet.js'
import { Judge, type Violation } from './judge.js'
import { Links } from './links.js'
import { Load } from './load.js'
import { Random } from './random.js'
import { RecordWatch } from './records.js'
import { TroubledPostgres } from './postgres.js'
import { TroubledRedis } from './redis.js'
import { ReplicatedDatabase } from './replicated.js'
import { RESOURCES, WORKLOAD_NAMES, type WorkloadName } from './resources.js'
import { type Incident, Schedule } from './schedule.js'
import { Teardowns } from './teardowns.js'

export interface RunOptions {
  readonly seconds: number
  readonly seed: string
  readonly processes: number
  readonly store: StoreKind
  /** Default: a file. */
  readonly database?: DatabaseKind
  /** Default: all that apply to the store. */
  readonly faults?: readonly FaultKind[]
  /** Default: all. */
  readonly workloads?: readonly WorkloadName[]
  /**
   * Longest pause between two faults, in ms. Default 2500; less in shorter runs, so that each fault
   * occurs.
   */
  readonly pause?: number
  /** Longest pause between two writes of one writer, in ms. */
  readonly writePause?: number
  /** The program of an instance. Default: the compiled one, bundled. */
  readonly program?: string
  /** Number of resources of the workload `versions`. */
  readonly versions?: number
  /** A destination of purges. Default: none. */
  readonly edge?: EdgeKind | undefined
  /** Ends the run at the first violation or problem. */
  readonly untilViolation?: boolean
  /** Called periodically. */
  readonly onProgress?: (progress: Progress) => void
}

export interface Progress {
  /** Seconds since the load began. */
  readonly seconds: number
  readonly counts: Readonly<Counts>
  readonly incidents: readonly Incident[]
  readonly violations: readonly Violation[]
  /** Problems other than reads. */
  readonly problems: readonly string[]
  /** The highest number of records seen in each namespace, by name in the store. */
  readonly records: ReadonlyMap<string, number>
}

/** The result of a run. */
export interface Outcome extends Progress {
  /** Output of instances that ended without having been killed. */
  readonly deaths: readonly string[]
  /** Staleness at the destination after writes that it had confirmed, and after others. */
  readonly staleness?: { readonly confirmed: Staleness, readonly unconfirmed: Staleness }
}

const PROGRESS_EVERY = 2000

/** Starts everything, runs clients and faults for the given time, and takes it down again. */
export async function run (options: RunOptions): Promise<Outcome> {
  const teardowns = new Teardowns()
  try {
    return await runWith(options, teardowns)
  } finally {
    await teardowns.run()
  }
}

async function runWith (options: RunOptions, teardowns: Teardowns): Promise<Outcome> {
  const {
    seconds,
    seed,
    processes,
    store,
    database: kind = 'sqlite',
    workloads = WORKLOAD_NAMES,
    versions = 32,
    onProgress
  } = options
  const {
    edge: edgeKind,
    faults = faultsFor(store, kind, edgeKind),
    pause = Math.min(2500, 40 * seconds),
    writePause = 250,
    untilViolation = false
  } = options
  const random = new Random(seed)
  const dataDir = await mkdtemp(join(tmpdir(), 'weir-coherence-'))
  teardowns.add(() => rm(dataDir, { recursive: true, force: true }))
  const program = options.program ?? await bundleInstance(join(dataDir, 'program'))
  const database = kind === 'postgres' ? await ReplicatedDatabase.start(teardowns) : undefined
  const location = database?.url ?? join(dataDir, 'versions.db')
  await makeDatabase(location, RESOURCES.length)

  const enough = new AbortController()
  const violations: Violation[] = []
  const problems: string[] = []
  const deaths: string[] = []
  const found = <T>(list: T[]) => (item: T) => {
    list.push(item)
    if (untilViolation || list === deaths) enough.abort()
  }
  const redis = store === 'redis' ? await TroubledRedis.start(teardowns, dataDir) : undefined
  const postgres = store === 'postgres' ? await TroubledPostgres.start(teardowns) : undefined
  const memcached =
    store === 'memcached'
      ? await startMemcached({
        teardown: (end) => {
          teardowns.add(end)
        }
      })
      : undefined
  const server = redis ?? postgres
  const links = server && await Links.start(teardowns, processes, server)
  const addresses: Addresses = links ?? { storeUrl: () => '' }
  const edge = edgeKind && await startDestination(
    edgeKind, teardowns, { program, processes, dataDir, onDeath: found(deaths) })
  const environment = (instance: number) => ({
    MEMCACHED: memcached?.address ?? '',
    DATABASE_URL: database?.url ?? '',
    DATABASE_REPLICA_URL: database?.replicaUrl ?? '',
    EDGE: edgeKind ?? '',
    EDGE_URL: edge?.purges.storeUrl(instance) ?? ''
  })
  const instances = await startFleet(
    { program, processes, dataDir, addresses, environment },
    teardowns,
    found(deaths)
  )
  if (edge !== undefined) edge.front.instances = instances
  const watch = server && new RecordWatch(teardowns, server, found(problems))
  const load = new Load({
    instances,
    edge,
    judge: new Judge(),
    random: random.of('load'),
    workloads,
    versions,
    readers: 24,
    writers: 4,
    pause: writePause,
    isFull: () => redis?.isFull ?? false,
    losesDatabase: database !== undefined && faults.some((kind) => DATABASE_OUTAGES.includes(kind)),
    onViolation: found(violations),
    onAnswer: (what) => { schedule.count(what) }
  })
  const backlog = new Backlog(teardowns, location)
  const world = {
    instances,
    load,
    redis,
    postgres,
    memcached,
    links,
    database,
    edge,
    backlog,
    seconds,
    onProblem: found(problems)
  }
  const schedule = new Schedule(world, faults, random.of('faults'), pause)

  const began = performance.now()
  const progress = (): Progress => ({
    seconds: (performance.now() - began) / 1000,
    counts: load.counts,
    incidents: schedule.incidents,
    violations,
    problems,
    records: watch?.most ?? new Map()
  })
  const telling = setInterval(() => onProgress?.(progress()), PROGRESS_EVERY)
  teardowns.add(() => { clearInterval(telling) })
  const loading = load.run()
  teardowns.add(() => { load.stop() })
  const befalling = schedule.run(enough.signal)
  for (const task of [loading, befalling]) task.catch(() => { enough.abort() })
  try {
    await delay(seconds * 1000, undefined, { signal: enough.signal })
    // A busy machine needs longer for as many answers.
    for (let more = 0; more < 3 * seconds && tooFew(load.counts, seconds) !== undefined; more++) {
      await delay(1000, undefined, { signal: enough.signal })
    }
  } catch {
    // Enough has been seen.
  }
  enough.abort()
  await befalling
  load.stop()
  await loading
  return {
    ...progress(),
    deaths,
    ...(edge && {
      staleness: {
        confirmed: edge.judge.staleness(true), unconfirmed: edge.judge.staleness(false)
      }
    })
  }
}
