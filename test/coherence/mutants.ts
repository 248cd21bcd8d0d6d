import type { DatabaseKind, FaultKind } from './faults.js'
import type { EdgeKind } from './edge-settings.js'
import type { Change } from '../support/mutated-package.js'
import type { WorkloadName } from './resources.js'

/** A build with one broken rule. */
export interface Mutant {
  readonly rule: string
  /** Path below the packages' folder. */
  readonly file: string
  /** Text that is in the compiled file exactly once. */
  readonly from: string
  readonly to: string
  /**
   * A further change of the file, which breaks nothing by itself and makes the mutant show sooner.
   */
  readonly also?: Change
  /** Default: Redis. */
  readonly store?: 'redis' | 'sqlite'
  /** Default: a file. */
  readonly database?: DatabaseKind
  /** A destination of purges. Default: none. */
  readonly edge?: EdgeKind
  /** Faults under which the broken rule shows. */
  readonly faults: readonly FaultKind[]
  /** Workloads in which it shows. */
  readonly workloads: readonly WorkloadName[]
  /** Matches a problem with something that grows; the mutant shows in no read. */
  readonly shows?: RegExp
  /** Longest pause between two faults, in ms. */
  readonly pause: number
}

export const MUTANTS: readonly Mutant[] = [
  {
    rule: 'an entry is valid whatever its stamp',
    file: '@weir/cache/dist/src/rule-v.js',
    from: 'if (record !== undefined && stamp <= record)',
    to: 'if (false)',
    faults: [],
    workloads: ['versions'],
    pause: 100
  },
  {
    rule: 'memory is used without a lease',
    file: '@weir/cache/dist/src/stores/redis/subscription.js',
    from: 'return now - this.#coherentAsOf <= this.lease;',
    to: 'return true;',
    faults: ['link-stalled'],
    workloads: ['versions'],
    pause: 100
  },
  {
    rule: 'a write is acknowledged as soon as its invalidation is in the store',
    file: '@weir/cache/dist/src/stores/wait-for-leases.js',
    from: 'const wait = lease * 1.02 + 1;',
    to: 'const wait = 0;',
    faults: ['link-stalled'],
    workloads: ['versions'],
    pause: 100
  },
  {
    rule: 'a write is acknowledged as soon as its invalidation is in the file',
    file: '@weir/cache/dist/src/stores/sqlite/validity.js',
    from: 'return waitForLeases(LEASE);',
    to: 'return Promise.resolve();',
    also: { from: 'const LEASE = 5;', to: 'const LEASE = 50;' },
    store: 'sqlite',
    faults: [],
    workloads: ['versions'],
    pause: 100
  },
  {
    rule: 'memory is used for longer than writers to the file wait',
    file: '@weir/cache/dist/src/stores/sqlite/validity.js',
    from: 'if (now >= this.#leaseEnd || now >= this.#file.sameUntil)',
    to: 'if (now >= this.#leaseEnd + 100)',
    store: 'sqlite',
    faults: [],
    workloads: ['versions'],
    pause: 100
  },
  {
    rule: 'the cache is used without draining the outbox',
    file: '@weir/outbox/dist/src/relay.js',
    from: 'if (await this.#drain())',
    to: 'if (true)',
    faults: ['links-cut'],
    workloads: ['versions'],
    pause: 2000
  },
  {
    rule: 'a replica is read although it is behind',
    file: '@weir/postgres/dist/src/read-pool.js',
    from: 'if (progress.isCurrent)',
    to: 'if (true)',
    database: 'postgres',
    faults: ['replica-paused'],
    workloads: ['versions'],
    pause: 100
  },
  {
    rule: 'the floor is not raised after a restart of Redis',
    file: '@weir/cache/dist/src/stores/redis/scripts.js',
    from: 'if isOther or',
    to: 'if false and',
    faults: ['redis-reverted'],
    workloads: ['versions'],
    pause: 100
  },
  {
    rule: 'a read counts as a report before it is settled',
    file: '@weir/outbox/dist/src/settling.js',
    from: 'if (tags.length === 0)',
    to: 'if (true)',
    faults: ['link-cut'],
    workloads: ['versions'],
    pause: 100
  },
  {
    rule: 'records are pruned without raising the floor',
    file: '@weir/cache/dist/src/stores/redis/scripts.js',
    from: 'floor = math.max(floor, tonumber(',
    to: 'floor = math.min(floor, tonumber(',
    faults: [],
    workloads: ['cold'],
    pause: 100
  },
  {
    rule: 'a stale value is served on error without a new validity check',
    file: '@weir/cache/dist/src/filling.js',
    from: '? await this.#valid(key, stale)\n            : undefined;\n        return entry === undefined',
    to: '? stale\n            : undefined;\n        return entry === undefined',
    faults: ['origin-failing'],
    workloads: ['failures', 'errors'],
    pause: 200
  },
  {
    rule: 'a value gets the stamp of its execution, not of the call',
    file: '@weir/cache/dist/src/cache.js',
    from: 'const stamp = await this.#tiers.validity.callStamp();',
    to: 'await new Promise((resolve) => setTimeout(resolve, 80)); const stamp = await this.#tiers.validity.callStamp();',
    faults: [],
    workloads: ['sets'],
    pause: 100
  },
  {
    rule: 'a received invalidation is split at line feeds',
    file: '@weir/cache/dist/src/stores/redis/changes.js',
    from: 'return { kind, stamp, tags: names };',
    to: "return { kind, stamp, tags: names.flatMap((name) => name.split('\\n')) };",
    faults: [],
    workloads: ['keys'],
    pause: 100
  },
  {
    rule: 'a refill leaves the replaced entry in the memory of others',
    file: '@weir/cache/dist/src/filling.js',
    from: 'replaces === true && stale !== undefined',
    to: 'false',
    faults: [],
    workloads: ['refills'],
    pause: 100
  },
  {
    rule: 'an invalidation prunes nothing',
    file: '@weir/cache/dist/src/stores/redis/records.js',
    from: 'this.maxTags, ...part',
    to: '1e9, ...part',
    faults: [],
    workloads: ['cold'],
    shows: /cold\}:tags has \d+ records/,
    pause: 100
  },
  {
    rule: 'the record of a replacement ends at once',
    file: '@weir/cache/dist/src/stores/redis/records.js',
    from: 'Math.ceil(until) + CLOCK_MARGIN',
    to: 'Date.now() + 1',
    faults: ['subscribers-killed'],
    workloads: ['refills'],
    pause: 100
  },
  {
    rule: 'lost replacements are not noticed',
    file: '@weir/cache/dist/src/stores/redis/scripts.js',
    from: 'KEYS[2] and hasReplacements()',
    to: 'false and hasReplacements()',
    faults: ['replacements-deleted', 'subscribers-killed'],
    workloads: ['refills'],
    pause: 100
  },
  {
    rule: 'a purge of Varnish is never sent',
    file: '@weir/edge/dist/src/varnish.js',
    from: 'const purgeAll = () => Promise.all(',
    to: 'const purgeAll = async () => {}; const unused = () => Promise.all(',
    edge: 'varnish',
    faults: [],
    workloads: ['versions'],
    pause: 100
  },
  {
    rule: 'a purge of nginx is never sent',
    file: '@weir/edge/dist/src/nginx.js',
    from: 'await Promise.all([...all].map((page) => purge(page, signal)));',
    to: '',
    edge: 'nginx',
    faults: [],
    workloads: ['versions'],
    pause: 100
  },
  {
    rule: 'an invalidation is never sent to the other region',
    file: '@weir/edge/dist/src/region.js',
    from: 'await post(name, url,',
    to: 'if (false) await post(name, url,',
    edge: 'region',
    faults: [],
    workloads: ['versions'],
    pause: 100
  },
  {
    rule: 'an invalidation is not repeated, although the other region read an old replica',
    file: '@weir/edge/dist/src/rows.js',
    from: 'if (again !== undefined)',
    to: 'if (false)',
    edge: 'region',
    faults: [],
    workloads: ['versions'],
    pause: 100
  }
]
