import { type Kind } from './visits.js'
import { type ProcessUsage, type StoredEntries, type Usage } from './usage.js'
import { type Latency } from '../result.js'
import { type TrafficFigures } from './traffic.js'

/** The same load of the same shop with caching and without. */
export interface Comparison {
  /** Requests per second of the load that both sides serve. */
  readonly rate: number
  /** Connections of the load that each side serves as fast as it can. */
  readonly atOnce: number
  readonly seed: number
  readonly products: number
  /** Milliseconds between two saves of the editor. */
  readonly pause: number
  readonly loads: readonly ComparedLoad[]
  /** Both sides at the end of the run, with caching first. */
  readonly ends: readonly SideEnd[]
  readonly checks: readonly { readonly text: string, readonly met: boolean, readonly why: string }[]
}

/** One load: with caching first, without second. */
export interface ComparedLoad {
  readonly name: 'same rate' | 'as fast as it can'
  readonly sides: readonly SideFigures[]
}

/** Figures of one side under one load. */
export interface SideFigures {
  readonly caching: 'on' | 'off'
  readonly perSecond: number
  readonly answered: number
  readonly notModified: number
  readonly errors: number
  readonly latency: Latency | null
  readonly kinds: readonly KindFigures[]
  /** CPU time and memory by process; memory as of the end. */
  readonly processes: readonly (ProcessUsage & { readonly name: string })[]
  /** Reads of each of the storefront's caches. */
  readonly caches: readonly {
    readonly name: string
    readonly reads: number
    readonly hits: number
  }[]
  /** Requests that reached a service, by its name. */
  readonly reached: Readonly<Record<string, number>>
  readonly redisCommands: number
}

export interface KindFigures {
  readonly kind: Kind
  readonly answered: number
  readonly errors: number
  /**
   * Hits as a share of the responses for which the response cache was asked; null: never asked for
   * this kind.
   */
  readonly hitRatio: number | null
  readonly latency: Latency | null
}

/** One side at the end of the run. */
export interface SideEnd {
  readonly caching: 'on' | 'off'
  readonly saves: number
  /** Median and slowest time of a save, in ms. */
  readonly saveMedian: number
  readonly saveMost: number
  /**
   * Products with a version on the pages served, and those older than the version acknowledged
   * before the request.
   */
  readonly checked: number
  readonly older: number
  /** Page views right after a save that did not show it, including those without a page. */
  readonly unseen: number
  readonly failed: number
  readonly redisBytes: number
  readonly redisKeys: number
  readonly entries: readonly StoredEntries[]
}

/**
 * Figures of a load on one side, from the counts of its processes before and after each stretch.
 */
export function sideFigures (
  caching: 'on' | 'off',
  traffic: TrafficFigures,
  stretches: readonly (readonly [before: Usage, after: Usage])[]
): SideFigures {
  const grown = (of: (usage: Usage) => number | undefined) =>
    stretches.reduce((sum, [before, after]) => sum + (of(after) ?? 0) - (of(before) ?? 0), 0)
  const last = stretches.at(-1)?.[1]
  const names = Object.keys(last?.processes ?? {})
  const cacheNames = [
    ...new Set(Object.keys(last?.reads ?? {}).map((read) => read.replace(/ .*/, '')))
  ].sort()
  const readsOf = (name: string, outcomes: readonly string[]) =>
    outcomes.reduce((sum, outcome) => sum + grown(({ reads }) => reads[`${name} ${outcome}`]), 0)
  return {
    caching,
    perSecond: traffic.perSecond,
    answered: traffic.answered,
    notModified: traffic.statuses['304'] ?? 0,
    errors: errorsOf(traffic),
    latency: traffic.latency,
    kinds: traffic.kinds.map(({ kind, figures }) => ({
      kind,
      answered: figures.answered,
      errors: errorsOf(figures),
      hitRatio: figures.hitRatio,
      latency: figures.latency
    })),
    processes: names.map((name) => ({
      name,
      cpuMicros: grown(({ processes }) => processes[name]?.cpuMicros),
      rssBytes: last?.processes[name]?.rssBytes ?? 0
    })),
    caches: cacheNames
      .map((name) => {
        const hits = readsOf(name, HITS)
        return { name, hits, reads: hits + readsOf(name, ['miss']) }
      })
      .filter(({ reads }) => reads > 0),
    reached: Object.fromEntries(
      Object.keys(last?.reached ?? {}).map((name) => [name, grown(({ reached }) => reached[name])])
    ),
    redisCommands: grown(({ redis }) => redis.commands)
  }
}

const HITS = ['l1', 'l2', 'coalesced', 'stale']

/** Error responses, refusals included, and requests without a response. */
const errorsOf = ({ failed, outcomes }: Pick<TrafficFigures, 'failed' | 'outcomes'>): number =>
  failed +
  outcomes.reduce(
    (sum, { outcome, count }) =>
      outcome === 'error' || outcome === 'limited' ? sum + count : sum,
    0
  )
