import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { makeDatabase } from './database.js'
import { type FaultKind, faultsFor, type Incident, Schedule } from './faults.js'
import { startFleet } from './fleet.js'
import { Judge, type Violation } from './judge.js'
import { Links } from './links.js'
import { type Counts, Load } from './load.js'
import { Random } from './random.js'
import { TroubledRedis } from './redis.js'
import { Teardowns } from './teardowns.js'

export interface RunOptions {
  readonly seconds: number
  readonly seed: string
  readonly processes: number
  readonly store: 'redis' | 'sqlite'
  /** Default: all that can befall the store. */
  readonly faults?: readonly FaultKind[]
  /** Between two faults, at most, in ms. */
  readonly pause?: number
  /** Between two writes of one writer, at most, in ms. */
  readonly writePause?: number
  /** The program of an instance, where it is not the one beside this. */
  readonly program?: string
  readonly resources?: number
  /** Ends the run at the first violation. */
  readonly untilViolation?: boolean
  /** Called now and then. */
  readonly onProgress?: (progress: Progress) => void
}

export interface Progress {
  /** Since the load began. */
  readonly seconds: number
  readonly counts: Readonly<Counts>
  readonly incidents: readonly Incident[]
  readonly violations: readonly Violation[]
}

/** What a run has come to. */
export interface Outcome extends Progress {
  /** What instances said that ended without having been killed. */
  readonly deaths: readonly string[]
}

const PROGRAM = fileURLToPath(new URL('instance.js', import.meta.url))
const PROGRESS_EVERY = 2000

/** Starts everything, lets clients and faults loose on it for the time given, and takes it down again. */
export async function run (options: RunOptions): Promise<Outcome> {
  const teardowns = new Teardowns()
  try {
    return await runWith(options, teardowns)
  } finally {
    await teardowns.run()
  }
}

async function runWith (options: RunOptions, teardowns: Teardowns): Promise<Outcome> {
  const { seconds, seed, processes, store, faults = faultsFor(store), pause = 800, program = PROGRAM, resources = 32 } = options
  const { writePause = 250, untilViolation = false, onProgress } = options
  const random = new Random(seed)
  const dataDir = await mkdtemp(join(tmpdir(), 'weir-coherence-'))
  teardowns.add(() => rm(dataDir, { recursive: true, force: true }))
  await makeDatabase(join(dataDir, 'versions.db'), resources)

  const enough = new AbortController()
  const violations: Violation[] = []
  const deaths: string[] = []
  const redis = store === 'redis' ? await TroubledRedis.start(teardowns, dataDir) : undefined
  const links = redis && await Links.start(teardowns, processes, redis.port)
  const fleetOptions = { program, processes, dataDir, resources, redisPorts: links?.ports ?? [] }
  const instances = await startFleet(fleetOptions, teardowns, (said) => {
    deaths.push(said)
    enough.abort()
  })
  const load = new Load({
    instances,
    judge: new Judge(),
    random: random.of('load'),
    resources,
    readers: 24,
    writers: 2,
    pause: writePause,
    onViolation (violation) {
      violations.push(violation)
      if (untilViolation) enough.abort()
    }
  })
  const schedule = new Schedule({ instances, load, redis, links }, faults, random.of('faults'), pause)

  const began = performance.now()
  const progress = () => ({ seconds: (performance.now() - began) / 1000, counts: load.counts, incidents: schedule.incidents, violations })
  const telling = setInterval(() => onProgress?.(progress()), PROGRESS_EVERY)
  teardowns.add(() => { clearInterval(telling) })
  const loading = load.run()
  teardowns.add(() => { load.stop() })
  const befalling = schedule.run(enough.signal)
  for (const task of [loading, befalling]) task.catch(() => { enough.abort() })
  try {
    await delay(seconds * 1000, undefined, { signal: enough.signal })
  } catch {
    // Enough has been seen.
  }
  enough.abort()
  await befalling
  load.stop()
  await loading
  return { ...progress(), deaths }
}
