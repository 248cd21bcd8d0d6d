/** One way of using the cache, with failure modes of its own. */
export interface Workload {
  readonly resources: number
  /** Shares of all reads and of all writes, relative to the sum over all workloads. */
  readonly reads: number
  readonly writes: number
  /** The ways of writing it, all equally likely. */
  readonly ways: readonly Way[]
  /** Resources per write. */
  readonly atOnce: number
  /** Low resources are used much more often. */
  readonly skewed: boolean
  /** Writes go through the outbox, and reads are settled: reads never go back in time. */
  readonly outboxed: boolean
  /** The origin fails now and then; a stale value may be served instead. */
  readonly fails: boolean
}

/**
 * A way of writing. `put`: over HTTP. `queue`: with a ticket of the outbox. `delete`, `invalidate`,
 * `clear`: the cache's own, after the new version is committed. `set`: the new version, committed
 * just before; `set-again`: the current version. `refill`: replaces a stale entry that is not
 * invalidated.
 */
export type Way =
  'put' | 'queue' | 'delete' | 'invalidate' | 'clear' | 'set' | 'set-again' | 'refill'

const ALONE = { atOnce: 1, skewed: true, outboxed: false, fails: false } as const
const OUTBOXED = { ...ALONE, outboxed: true } as const

/** The workloads by name. The first four are written through the outbox. */
export const WORKLOADS = {
  /** Responses with stale-if-error. */
  errors: { ...OUTBOXED, resources: 8, reads: 3, writes: 3, ways: ['put'], fails: true },
  /** Responses that differ by a request header, and are refilled in the background. */
  variants: { ...OUTBOXED, resources: 8, reads: 3, writes: 3, ways: ['put'] },
  /** Like `errors`, in the engine; half of the keys and tags are unusual. */
  failures: { ...OUTBOXED, resources: 8, reads: 3, writes: 4, ways: ['queue'], fails: true },
  /** Keys and tags with line feeds, NUL, marks and separators. */
  keys: {
    ...ALONE,
    resources: 24,
    reads: 3,
    writes: 3,
    ways: ['delete', 'delete', 'delete', 'invalidate', 'invalidate', 'clear']
  },
  /** Values put into the cache, with invalidations that overtake them. */
  sets: {
    ...ALONE,
    resources: 24,
    reads: 3,
    writes: 6,
    ways: ['set', 'set', 'set', 'set-again', 'invalidate']
  },
  /** More stale entries than the maximum number of records, replaced by refills. */
  refills: {
    ...ALONE,
    resources: 600,
    reads: 2,
    writes: 3,
    ways: ['refill'],
    atOnce: 30,
    skewed: false
  },
  /** More tags than the maximum number of records, read long after they were invalidated. */
  cold: {
    ...ALONE,
    resources: 400,
    reads: 2,
    writes: 4,
    ways: ['invalidate'],
    atOnce: 20,
    skewed: false
  },
  /**
   * Responses, some validated by their entity tags. Comes last: their number does not move the
   * others.
   */
  versions: { ...OUTBOXED, resources: 32, reads: 10, writes: 8, ways: ['put'] }
} as const satisfies Record<string, Workload>

export type WorkloadName = keyof typeof WORKLOADS

/** Tag records kept per namespace: few, so that they are pruned. */
export const MAX_TAGS = 128

export const workload = (name: WorkloadName): Workload => WORKLOADS[name]

export const WORKLOAD_NAMES = Object.keys(WORKLOADS) as readonly WorkloadName[]

/** An object with a version, stored in the database by its number. */
export interface Resource {
  readonly id: number
  readonly workload: WorkloadName
  /** Index among those of its workload. */
  readonly index: number
}

/** All resources, by id. */
export const RESOURCES: readonly Resource[] = WORKLOAD_NAMES.flatMap((name) =>
  Array.from({ length: WORKLOADS[name].resources }, (_, index) => ({ workload: name, index }))
).map((resource, id) => ({ id, ...resource }))

export const resourcesOf = (name: WorkloadName): readonly Resource[] =>
  RESOURCES.filter(({ workload }) => workload === name)

// Includes pieces of other names, and text that stores and buses may use themselves. Neighbors
// differ in the unusual part: see below.
const STRANGE = [
  'a\nb',
  'b\na',
  'nul\u0000nul',
  'line\r\nfeed',
  '\u0000',
  '\n',
  'a',
  'b',
  '\u0001a',
  '\u0002clock',
  '\u0002floor',
  '{a}',
  '}{',
  '["a","b"]',
  '"',
  '\\',
  '\u2028',
  ' ',
  'a,b',
  '\ufeff',
  'é',
  'e\u0301',
  '\u{1f9a2}',
  'x'.repeat(65_536)
] as const

/** Key and tag of a resource in the engine. */
export function namesOf ({ workload, index, id }: Resource): {
  readonly key: string
  readonly tag: string
} {
  const plain = { key: `key ${id}`, tag: `tag ${id}` }
  const strange = STRANGE[index]
  if (strange === undefined) return plain
  // Both are unusual in some workloads, one or none in others.
  if (workload === 'keys') return { key: strange, tag: index % 2 === 0 ? strange : plain.tag }
  return workload === 'failures' && index % 2 === 0 ? { key: strange, tag: strange } : plain
}
