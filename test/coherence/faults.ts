import { setTimeout as delay } from 'node:timers/promises'
import type { TestMemcached } from '@weir/internal/testing'
import type { Backlog } from './backlog.js'
import type { Destination, Server } from './edge.js'
import type { EdgeKind } from './edge-settings.js'
import { type Instance, isPatient } from './fleet.js'
import type { Links, LinkState } from './links.js'
import type { Load } from './load.js'
import type { Random } from './random.js'
import type { ReplicatedDatabase } from './replicated.js'
import type { TroubledPostgres } from './postgres.js'
import type { TroubledRedis } from './redis.js'

/** The targets of faults. */
export interface World {
  readonly instances: readonly Instance[]
  readonly load: Load
  /** Each is undefined if the run uses another store. */
  readonly redis: TroubledRedis | undefined
  readonly postgres: TroubledPostgres | undefined
  readonly memcached: TestMemcached | undefined
  readonly links: Links | undefined
  /** Undefined if the database is a file. */
  readonly database: ReplicatedDatabase | undefined
  readonly edge: Destination | undefined
  readonly backlog: Backlog
  /** Duration of the run. */
  readonly seconds: number
  /** Called with problems other than reads. */
  readonly onProblem: (what: string) => void
}

/** @param signal the run is over: stop waiting */
type Run = (world: World & { readonly signal: AbortSignal }, random: Random) => Promise<string>

/** The stores that can be checked. */
export const STORES = ['redis', 'sqlite', 'postgres', 'memcached'] as const

export type StoreKind = typeof STORES[number]

interface Fault {
  /** Faults with the same target come one after the other; others may overlap. */
  readonly befalls: 'store' | 'instances' | 'outbox' | 'database' | 'edge'
  /** The stores that it applies to, or whose instances. */
  readonly of: readonly StoreKind[]
  /** The destinations that it applies to. Default: all, if it befalls one. */
  readonly edges?: readonly EdgeKind[]
  /** Followed by a quiet period of its kind, as long as the fault itself. */
  readonly rests: boolean
  /** Resolves when it is over, with the target. */
  readonly run: Run
}

const SHORT = 10
const LONG = 2000

// Milliseconds within which a backlog must drain, even though Redis and instances are down at
// times.
const DRAINED_WITHIN = 45_000

const ofRedis = (run: (redis: TroubledRedis, random: Random) => Promise<unknown>): Fault => ({
  befalls: 'store',
  of: ['redis'],
  rests: false,
  async run ({ redis }, random) {
    if (redis !== undefined) await run(redis, random)
    return 'Redis'
  }
})

const ofPostgres = (
  run: (postgres: TroubledPostgres, random: Random) => Promise<unknown>
): Fault => ({
  befalls: 'store',
  of: ['postgres'],
  rests: false,
  async run ({ postgres }, random) {
    if (postgres !== undefined) await run(postgres, random)
    return 'Postgres'
  }
})

const ofMemcached = (
  run: (memcached: TestMemcached, random: Random) => Promise<unknown>
): Fault => ({
  befalls: 'store',
  of: ['memcached'],
  rests: false,
  async run ({ memcached }, random) {
    if (memcached !== undefined) await run(memcached, random)
    return 'Memcached'
  }
})

const ofInstance = (run: (instance: Instance, random: Random) => Promise<unknown>): Fault => ({
  befalls: 'instances',
  of: STORES,
  rests: false,
  async run ({ instances }, random) {
    const instance = random.pick(instances)
    await run(instance, random)
    return instance.name
  }
})

const ofEdge = (run: (server: Server, random: Random) => Promise<unknown>): Fault => ({
  befalls: 'edge',
  of: STORES,
  rests: true,
  async run ({ edge }, random) {
    if (edge === undefined) return ''
    const server = random.pick(edge.servers)
    await run(server, random)
    return server.name
  }
})

const ofPurges = (state: LinkState): Fault => ({
  befalls: 'edge',
  of: STORES,
  rests: true,
  async run ({ edge, instances }, random) {
    const chosen = random.chance(0.5) ? instances : [random.pick(instances)]
    const set = (state: LinkState) => {
      for (const { index } of chosen) edge?.purges.set(index, state)
    }
    set(state)
    await delay(random.magnitude(SHORT, LONG))
    set('open')
    return chosen.map(({ name }) => name).join('')
  }
})

const ofRegion = (run: (redis: TroubledRedis, random: Random) => Promise<unknown>): Fault => ({
  befalls: 'edge',
  of: STORES,
  edges: ['region'],
  rests: true,
  async run ({ edge }, random) {
    if (edge?.redis !== undefined) await run(edge.redis, random)
    return 'Redis of the region'
  }
})

const ofDatabase = (
  target: 'primary' | 'replica',
  run: (database: ReplicatedDatabase, random: Random) => Promise<unknown>
): Fault => ({
  befalls: 'database',
  of: STORES,
  rests: true,
  async run ({ database }, random) {
    if (database !== undefined) await run(database, random)
    return `the ${target}`
  }
})

const ofLinks = (
  run: (set: (state: LinkState) => void, random: Random) => Promise<unknown>,
  whose: 'one' | 'all' | 'patient'
): Fault => ({
  befalls: 'instances',
  of: ['redis', 'postgres'],
  rests: false,
  async run ({ instances, links }, random) {
    const patient = instances.filter(({ index }) => isPatient(index))
    const chosen =
      whose === 'all'
        ? instances
        : [random.pick(whose === 'patient' && patient.length > 0 ? patient : instances)]
    await run((state) => {
      for (const { index } of chosen) links?.set(index, state)
    }, random)
    return chosen.map(({ name }) => name).join('')
  }
})

/** All faults, by name. */
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
  'replacements-deleted': ofRedis((redis) => redis.deleteReplacements()),
  'subscribers-killed': ofRedis((redis) => redis.killSubscribers()),
  evicted: ofRedis((redis, random) =>
    redis.evict(random.between(100, 1000), random.between(-10_000, 60_000))
  ),
  'redis-full': ofRedis((redis, random) => redis.fill(random.between(300, 2000))),
  'user-restricted': ofRedis((redis, random) =>
    redis.narrow(random.between(100, 1000), (list) => random.pick(list))
  ),
  'postgres-frozen': ofPostgres((postgres, random) =>
    postgres.freeze(random.magnitude(SHORT, LONG))
  ),
  'postgres-crashed': ofPostgres((postgres) => postgres.crash()),
  'postgres-records-lost': ofPostgres((postgres) => postgres.loseRecords()),
  'tables-dropped': ofPostgres((postgres, random) => postgres.drop((list) => random.pick(list))),
  'connections-killed': ofPostgres((postgres) => postgres.killConnections()),
  'memcached-frozen': ofMemcached(async (memcached, random) => {
    memcached.freeze()
    await delay(random.magnitude(SHORT, LONG))
    memcached.thaw()
  }),
  'memcached-emptied': ofMemcached((memcached) => memcached.restart()),
  'link-slow': ofLinks(async (set, random) => {
    set('slow')
    await delay(random.between(1000, 3000))
    set('open')
  }, 'patient'),
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
  // The store still has its content afterwards, but writes made in the meantime wait in the outbox.
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
  'edge-frozen': ofEdge(async (server, random) => {
    await server.freeze()
    await delay(random.magnitude(SHORT, LONG))
    await server.thaw()
  }),
  'edge-killed': ofEdge(async (server, random) => {
    await server.kill()
    await delay(random.between(0, 500))
    await server.start()
  }),
  'purges-dropped': ofPurges('cut'),
  'purges-late': ofPurges('stalled'),
  // A response that an instance has decided on arrives after the purge of its tags.
  'fetches-late': {
    befalls: 'edge',
    of: STORES,
    edges: ['varnish', 'nginx'],
    rests: false,
    async run ({ edge }, random) {
      if (edge === undefined) return ''
      edge.front.hold = random.magnitude(100, 1000)
      await delay(random.between(300, 1500))
      edge.front.hold = 0
      return edge.kind
    }
  },
  'region-redis-frozen': ofRegion((redis, random) => redis.freeze(random.magnitude(SHORT, LONG))),
  'region-redis-emptied': ofRegion((redis, random) => redis.restartEmpty(random.between(0, 500))),
  'fills-delayed': {
    befalls: 'instances',
    of: STORES,
    rests: false,
    async run ({ load }, random) {
      load.slow = true
      await delay(random.between(300, 1500))
      load.slow = false
      return 'all'
    }
  },
  'origin-failing': {
    befalls: 'instances',
    of: STORES,
    rests: false,
    async run ({ load }, random) {
      load.failing = true
      await delay(random.between(300, 1500))
      load.failing = false
      return 'all'
    }
  },
  'replica-paused': ofDatabase('replica', async (database, random) => {
    await database.pause()
    await delay(random.magnitude(SHORT, LONG))
    await database.resume()
  }),
  'listeners-killed': ofDatabase('primary', (database) => database.killConnections('listening')),
  'database-connections-killed': ofDatabase('primary', (database, random) =>
    database.killConnections(random.pick(['in a transaction', 'all']))
  ),
  'database-failover': ofDatabase('primary', (database, random) =>
    database.failOver(random.between(0, LONG))
  ),
  'outbox-backlog': {
    befalls: 'outbox',
    of: STORES,
    rests: true,
    async run ({ backlog, signal, seconds, onProblem }, random) {
      // Falls into the middle of a run; a shorter run has less to drain.
      const [most, tags] = random.pick([
        [20_000, 1],
        [5000, 10],
        [500, 100]
      ] as const)
      const rows = Math.round(most * Math.min(1, seconds / 60))
      await delay(Math.min(10, seconds / 6) * 1000, undefined, { signal }).catch(() => {})
      await backlog.add(rows, tags, signal)
      if (!(await backlog.drained(DRAINED_WITHIN, signal)) && !signal.aborted) {
        onProblem(
          `${rows} rows of ${tags} tags were not drained from the outbox within ${DRAINED_WITHIN / 1000} s`
        )
      }
      return `${rows} rows of ${tags} tags`
    }
  }
} satisfies Record<string, Fault>

export type FaultKind = keyof typeof FAULTS

const entries = Object.entries(FAULTS) as readonly [FaultKind, Fault][]

/** The databases that can be checked. */
export const DATABASES = ['sqlite', 'postgres'] as const

export type DatabaseKind = typeof DATABASES[number]

/** Faults during which the database answers no instance, so that reads without the cache fail. */
export const DATABASE_OUTAGES: readonly FaultKind[] =
  ['database-connections-killed', 'database-failover']

/** The faults that apply to a store, a database, and the destination of purges if any. */
export const faultsFor = (
  store: StoreKind, database: DatabaseKind = 'sqlite', edge?: EdgeKind
): FaultKind[] =>
  entries
    .filter(([, { of, befalls, edges }]) =>
      of.includes(store) &&
      (befalls !== 'database' || database === 'postgres') &&
      (befalls !== 'edge' || (edge !== undefined && edges?.includes(edge) !== false)))
    .map(([kind]) => kind)
