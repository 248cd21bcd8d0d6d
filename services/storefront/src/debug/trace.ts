import { AsyncLocalStorage } from 'node:async_hooks'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { type Cache, type CacheEvents, type CacheTraces } from '@weir/cache'
import { type StorefrontEnv } from '../env.js'
import { type Shop } from '../pages/shop.js'

/**
 * Origin of a value. `saved`: it is stale, because it could not be recomputed. `not cached`:
 * CACHE=off.
 */
export type Outcome =
  | 'hit in memory'
  | 'hit in store'
  | 'coalesced'
  | 'stale'
  | 'saved'
  | 'miss'
  | 'failed'
  | 'not cached'

/** Time saved by a use, and its nested uses. */
interface Saving {
  /** Milliseconds that computing it took, if that was saved. */
  readonly saved: number | undefined
  readonly uses: readonly Saving[]
}

/** Use of a cache, with its nested uses. */
interface Use extends Saving {
  readonly namespace: string
  readonly key: string
  outcome: Outcome
  readonly uses: Use[]
  readonly began: number
  /** Milliseconds. */
  took: number | undefined
  /** Milliseconds that computing it took, if that was saved. */
  saved: number | undefined
}

/** Read of a cache, as counted by its statistics. */
interface Read {
  readonly namespace: string
  readonly key: string
  /** Microseconds; undefined for a miss. */
  readonly saved: number | undefined
  readonly isStale: boolean
}

/** Cache reads of one page: summed over all pages, they are the figures of the stats service. */
export interface CacheTotals {
  /** Name of the cache in statistics. */
  readonly cache: string
  readonly hits: number
  /** Hits that were stale. */
  readonly stale: number
  readonly misses: number
  readonly savedMs: number
}

/** Line of the panel. */
export interface Row {
  /** Number of the fragment on the page; undefined for a nested one. */
  readonly number: number | undefined
  readonly depth: number
  readonly kind: 'fragment' | 'query' | 'computation'
  readonly key: string
  readonly outcome: Outcome
  readonly tags: readonly string[]
  /** Age in seconds. */
  readonly age: number | undefined
  readonly took: number | undefined
  /** Milliseconds that creating it took, if that was saved. */
  readonly saved: number | undefined
}

/** Debug panel of a page. */
export interface Panel {
  readonly totals: readonly CacheTotals[]
  readonly rows: readonly Row[]
  /** Milliseconds saved for the page: nested uses of a saved row are not counted again. */
  readonly savedMs: number
  /** True with CACHE=off. */
  readonly isOff: boolean
}

/** Traced work: the page, or a fill. */
interface Work {
  readonly uses: Use[]
  /** All reads of the page. */
  readonly reads: Read[]
  /** Times at which the store, or another caller's fill, was asked for a key, in milliseconds. */
  readonly asked: Map<string, number>
}

const current = new AsyncLocalStorage<Work>()
let traced = 0

const HITS = {
  l1: 'hit in memory',
  l2: 'hit in store',
  coalesced: 'coalesced'
} as const satisfies Record<string, Outcome>

/** Cache uses of a page, in order. Listens to the caches only while a page is traced. */
export class Trace {
  readonly #uses: Use[] = []
  readonly #reads: Read[] = []
  readonly #took = new Map<string, number>()
  readonly #isOff: boolean

  constructor ({ CACHE }: Pick<StorefrontEnv, 'CACHE'>) {
    this.#isOff = CACHE === 'off'
  }

  /** Runs the function that renders the page. */
  async run<T>(work: () => Promise<T>): Promise<T> {
    if (traced++ === 0) listen(subscribe)
    try {
      return await current.run({ uses: this.#uses, reads: this.#reads, asked: new Map() }, work)
    } finally {
      if (--traced === 0) listen(unsubscribe)
    }
  }

  /** Records how long a fragment took, in milliseconds. */
  took (key: string, ms: number): void {
    this.#took.set(key, ms)
  }

  /** Returns the origin of a fragment. */
  outcomeOf (key: string): Outcome {
    return (
      this.#uses.find((use) => use.key === `fragment:${key}`)?.outcome ??
      (this.#isOff ? 'not cached' : 'failed')
    )
  }

  /** Returns the panel's content, for the fragments of the page in their order. */
  async panel (inspected: Shop['inspected'], keys: readonly string[]): Promise<Panel> {
    const rows = this.#isOff ? this.#uncachedRows(keys) : await this.#rows(inspected, keys)
    return {
      totals: this.#totals(inspected),
      rows,
      savedMs: savedBy(this.#uses),
      isOff: this.#isOff
    }
  }

  #uncachedRows (keys: readonly string[]): Row[] {
    return keys.map((key, i) => ({
      number: i + 1,
      depth: 0,
      kind: 'fragment',
      key,
      outcome: 'not cached',
      tags: [],
      age: undefined,
      took: this.#took.get(key),
      saved: undefined
    }))
  }

  /** Returns the fragments of the page, each with its nested uses, and the remaining uses. */
  async #rows (inspected: Shop['inspected'], keys: readonly string[]): Promise<Row[]> {
    const numberOf = ({ key }: Use) =>
      keys.findIndex((fragment) => key === `fragment:${fragment}`) + 1 || undefined
    const ordered = this.#uses.toSorted((a, b) => (numberOf(a) ?? 0) - (numberOf(b) ?? 0))
    const flat = (use: Use, depth: number): [Use, number][] => [
      [use, depth],
      ...use.uses.flatMap((inner) => flat(inner, depth + 1))
    ]
    const lines = ordered.flatMap((use) => flat(use, 0))
    return Promise.all(
      lines.map(([use, depth]) =>
        this.#row(use, depth, depth === 0 ? numberOf(use) : undefined, inspected)
      )
    )
  }

  #totals (inspected: Shop['inspected']): CacheTotals[] {
    return inspected.flatMap((of) => {
      const reads = this.#reads.filter((read) => cacheOf(inspected, read) === of)
      const hits = reads.filter(({ saved }) => saved !== undefined)
      if (reads.length === 0) return []
      return [
        {
          cache: of.name,
          hits: hits.length,
          stale: hits.filter(({ isStale }) => isStale).length,
          misses: reads.length - hits.length,
          savedMs: hits.reduce((sum, { saved = 0 }) => sum + saved, 0) / 1000
        }
      ]
    })
  }

  async #row (
    use: Use,
    depth: number,
    number: number | undefined,
    inspected: Shop['inspected']
  ): Promise<Row> {
    const { key, outcome, took, saved } = use
    const entry = await entryOf(cacheOf(inspected, use)?.cache, key)
    const isSaved = outcome === 'failed' && entry !== undefined
    return {
      number,
      depth,
      kind: key.startsWith('fragment:')
        ? 'fragment'
        : key.startsWith('ranking:')
          ? 'computation'
          : 'query',
      key: key.replace(/^fragment:/, ''),
      outcome: isSaved ? 'saved' : outcome,
      // Keys are tags, too, which begin with a control character.
      tags: (entry?.tags ?? []).filter((tag) => !tag.startsWith('\u0001')),
      age: entry && (Date.now() - entry.storedAt) / 1000,
      took: (number === undefined ? undefined : this.#took.get(keyOnPage(key))) ?? took,
      saved
    }
  }
}

/**
 * Returns the milliseconds saved by uses. The cost of a use includes all nested ones, so these
 * count only if it saved nothing.
 */
export const savedBy = (uses: readonly Saving[]): number =>
  uses.reduce((sum, { saved, uses: inner }) => sum + (saved ?? savedBy(inner)), 0)

const keyOnPage = (key: string): string => key.slice('fragment:'.length)

/** Returns the cache of a key. */
const cacheOf = (
  inspected: Shop['inspected'],
  { namespace, key }: Pick<Use, 'namespace' | 'key'>
) => inspected.find((one) => one.namespace === namespace && key.startsWith(one.prefix))

/** Returns the stored entry; undefined also while the store is unavailable. */
async function entryOf (cache: Cache<unknown> | undefined, key: string) {
  try {
    const { memory, store } = await cache?.inspect(key) ?? {}
    return (memory ?? store)?.entry
  } catch {
    return undefined
  }
}

/** Returns the use to which events of a key belong: the last one, if the key is requested again. */
function noted (uses: Use[], namespace: string, key: string, outcome: Outcome): Use {
  const known = uses.findLast((use) => use.key === key && use.namespace === namespace)
  if (known !== undefined) return known
  const use = {
    namespace,
    key,
    outcome,
    uses: [],
    began: performance.now(),
    took: undefined,
    saved: undefined
  }
  uses.push(use)
  return use
}

function onHit (message: unknown): void {
  const { namespace, key, source, stale, cost } = message as CacheEvents['weir:cache:hit']
  const work = current.getStore()
  if (work === undefined) return
  work.reads.push({ namespace, key, saved: cost, isStale: stale })
  const use = noted(work.uses, namespace, key, stale ? 'stale' : HITS[source])
  if (use.outcome === 'miss' || use.outcome === 'failed') return
  use.saved ??= cost / 1000
  const asked = work.asked.get(key)
  // Memory answers within about a microsecond.
  use.took ??= asked === undefined ? 0 : performance.now() - asked
}

/** Records the start of a lookup outside of memory: the first call of the store, or the wait. */
function onAsked (message: unknown): void {
  const asked = message as CacheTraces['weir:cache:call'] | CacheTraces['weir:cache:wait']
  const work = current.getStore()
  if (work === undefined) return
  for (const key of 'key' in asked ? [asked.key] : (asked.keys ?? [])) {
    if (!work.asked.has(key)) work.asked.set(key, performance.now())
  }
}

function onMiss (message: unknown): void {
  const { namespace, key } = message as CacheEvents['weir:cache:miss']
  const work = current.getStore()
  if (work === undefined) return
  work.reads.push({ namespace, key, saved: undefined, isStale: false })
  noted(work.uses, namespace, key, 'miss')
}

/** Attributes uses within a fill to that fill; background work belongs to no page. */
function onFill (message: unknown): void {
  const trace = message as CacheTraces['weir:cache:fill']
  const work = current.getStore()
  if (work === undefined) return
  const { namespace, key, background, around } = trace
  const inner: Work = background
    ? { uses: [], reads: [], asked: new Map() }
    : { uses: noted(work.uses, namespace, key, 'miss').uses, reads: work.reads, asked: new Map() }
  trace.around = (fn) => current.run(inner, () => around === undefined ? fn() : around(fn))
  fills.set(trace, work.uses)
}

function onFilled (message: unknown): void {
  const trace = message as CacheTraces['weir:cache:fill']
  const { namespace, key, background } = trace
  const uses = fills.get(trace)
  if (uses === undefined || background) return
  const use = noted(uses, namespace, key, 'miss')
  use.took = performance.now() - use.began
  if (trace.outcome === 'error') use.outcome = 'failed'
}

/** List of uses to which a fill belongs. */
const fills = new WeakMap<CacheTraces['weir:cache:fill'], Use[]>()

function listen (change: typeof subscribe | typeof unsubscribe): void {
  change('weir:cache:hit', onHit)
  change('weir:cache:miss', onMiss)
  change('tracing:weir:cache:call:start', onAsked)
  change('tracing:weir:cache:wait:start', onAsked)
  change('tracing:weir:cache:fill:start', onFill)
  change('tracing:weir:cache:fill:asyncEnd', onFilled)
}
