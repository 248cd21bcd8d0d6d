import { setTimeout as delay } from 'node:timers/promises'
import type { Instance } from './fleet.js'
import type { Links, LinkState } from './links.js'
import type { Load } from './load.js'
import type { Random } from './random.js'
import type { TroubledRedis } from './redis.js'

/** What faults befall. */
export interface World {
  readonly instances: readonly Instance[]
  readonly load: Load
  /** Undefined where the store is SQLite. */
  readonly redis: TroubledRedis | undefined
  readonly links: Links | undefined
}

interface Fault {
  /** Of those that befall the same thing one comes after the other; others may come at the same time. */
  readonly befalls: 'redis' | 'instances'
  readonly needsRedis: boolean
  /** Resolves when it is over, to what it befell. */
  readonly run: (world: World, random: Random) => Promise<string>
}

const SHORT = 10
const LONG = 2000

const ofRedis = (run: (redis: TroubledRedis, random: Random) => Promise<unknown>): Fault => ({
  befalls: 'redis',
  needsRedis: true,
  async run ({ redis }, random) {
    if (redis !== undefined) await run(redis, random)
    return 'Redis'
  }
})

const ofInstance = (run: (instance: Instance, random: Random) => Promise<unknown>): Fault => ({
  befalls: 'instances',
  needsRedis: false,
  async run ({ instances }, random) {
    const instance = random.pick(instances)
    await run(instance, random)
    return instance.name
  }
})

const ofLinks = (run: (set: (state: LinkState) => void, random: Random) => Promise<unknown>, whose: 'one' | 'all'): Fault => ({
  befalls: 'instances',
  needsRedis: true,
  async run ({ instances, links }, random) {
    const chosen = whose === 'all' ? instances : [random.pick(instances)]
    await run((state) => { for (const { index } of chosen) links?.set(index, state) }, random)
    return chosen.map(({ name }) => name).join('')
  }
})

/** Everything that can go wrong, by name. */
export const FAULTS = {
  'redis-frozen': ofRedis((redis, random) => redis.freeze(random.magnitude(SHORT, LONG))),
  'redis-emptied': ofRedis((redis, random) => redis.restartEmpty(random.between(0, 500))),
  'redis-reverted': ofRedis(async (redis, random) => {
    await redis.save()
    await delay(random.between(200, 1500))
    await redis.restart(random.between(0, 500))
  }),
  'redis-flushed': ofRedis((redis) => redis.flush()),
  'records-deleted': ofRedis((redis) => redis.deleteRecords()),
  'subscribers-killed': ofRedis((redis) => redis.killSubscribers()),
  evicted: ofRedis((redis, random) => redis.evict(random.between(100, 1000), random.between(-10_000, 60_000))),
  'link-stalled': ofLinks(async (set, random) => {
    set('stalled')
    await delay(random.magnitude(SHORT, LONG))
    set('open')
  }, 'one'),
  'link-cut': ofLinks(async (set, random) => {
    set('cut')
    await delay(random.magnitude(SHORT, LONG))
    set('open')
  }, 'one'),
  // Redis has all it had when it is there again, but what was written meanwhile only waits in the outbox.
  'links-cut': ofLinks(async (set, random) => {
    set('cut')
    await delay(random.between(0.75 * LONG, 1.5 * LONG))
    set('open')
  }, 'all'),
  'instance-frozen': ofInstance(async (instance, random) => {
    instance.freeze()
    await delay(random.magnitude(SHORT, LONG))
    instance.thaw()
  }),
  'instance-killed': ofInstance(async (instance) => {
    await instance.kill()
    await instance.start()
  }),
  'fills-delayed': {
    befalls: 'instances',
    needsRedis: false,
    async run ({ load }, random) {
      load.slow = true
      await delay(random.between(300, 1500))
      load.slow = false
      return 'all'
    }
  }
} satisfies Record<string, Fault>

export type FaultKind = keyof typeof FAULTS

const entries = Object.entries(FAULTS) as readonly [FaultKind, Fault][]

/** Those that can befall a store. */
export const faultsFor = (store: 'redis' | 'sqlite'): FaultKind[] =>
  entries.filter(([, { needsRedis }]) => store === 'redis' || !needsRedis).map(([kind]) => kind)

/** A fault that has happened, or is on. Times as in the judge's history. */
export interface Incident {
  readonly kind: FaultKind
  readonly begin: number
  end: number
  target: string
}

/** Makes things go wrong, in an order and for times that the seed gives, until `signal` says that it is enough. */
export class Schedule {
  readonly incidents: Incident[] = []

  constructor (readonly world: World, readonly kinds: readonly FaultKind[], readonly random: Random, readonly pause: number) {}

  /** Resolves when the last fault is over. */
  async run (signal: AbortSignal): Promise<void> {
    await Promise.all((['redis', 'instances'] as const).map(async (target) => {
      const kinds = this.kinds.filter((kind) => FAULTS[kind].befalls === target)
      if (kinds.length > 0) await this.#befall(kinds, this.random.of(target), signal)
    }))
  }

  async #befall (kinds: readonly FaultKind[], random: Random, signal: AbortSignal): Promise<void> {
    // Shuffled, and not drawn: then each comes soon.
    for (let deck: FaultKind[] = []; ; deck = deck.length > 0 ? deck : random.shuffled(kinds)) {
      if (!await passes(random.between(0, this.pause), signal)) return
      const kind = deck.pop()
      if (kind === undefined) continue
      const incident = { kind, begin: performance.now(), end: Infinity, target: '' }
      this.incidents.push(incident)
      incident.target = await FAULTS[kind].run(this.world, random)
      incident.end = performance.now()
    }
  }
}

/** False if the signal came first. */
async function passes (ms: number, signal: AbortSignal): Promise<boolean> {
  try {
    await delay(ms, undefined, { signal })
    return true
  } catch {
    return false
  }
}
