import { AsyncLocalStorage } from 'node:async_hooks'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { type Cache, type CacheEvents, type CacheTraces } from '@weir/cache'
import { type Shop } from '../pages/shop.js'

/** How something was had. `saved`: it is old, because it could not be made anew. */
export type Outcome = 'hit in memory' | 'hit in store' | 'coalesced' | 'stale' | 'saved' | 'miss' | 'failed'

/** One use of a cache, with those that it led to. */
interface Use {
  readonly namespace: string
  readonly key: string
  outcome: Outcome
  readonly uses: Use[]
  readonly began: number
  /** Milliseconds. */
  took: number | undefined
}

/** A line of the panel. */
export interface Row {
  /** Of the fragment on the page; undefined for what is within one. */
  readonly number: number | undefined
  readonly depth: number
  readonly kind: 'fragment' | 'query' | 'computation'
  readonly key: string
  readonly outcome: Outcome
  readonly tags: readonly string[]
  /** Seconds since it was made. */
  readonly age: number | undefined
  readonly took: number | undefined
  /** Milliseconds that making it took, where that was saved. */
  readonly saved: number | undefined
}

/** The uses of the work that is being traced: of the page, or of a fill. */
const current = new AsyncLocalStorage<Use[]>()
let traced = 0

const HITS = { l1: 'hit in memory', l2: 'hit in store', coalesced: 'coalesced' } as const satisfies Record<string, Outcome>

/** Everything that a page had of the caches, in order. The caches are listened to only while a page is traced. */
export class Trace {
  readonly #uses: Use[] = []
  readonly #took = new Map<string, number>()

  /** Runs what makes the page. */
  async run<T> (work: () => Promise<T>): Promise<T> {
    if (traced++ === 0) listen(subscribe)
    try {
      return await current.run(this.#uses, work)
    } finally {
      if (--traced === 0) listen(unsubscribe)
    }
  }

  /** Notes how long a fragment took, in milliseconds. */
  took (key: string, ms: number): void {
    this.#took.set(key, ms)
  }

  /** How a fragment was had. */
  outcomeOf (key: string): Outcome {
    return this.#uses.find((use) => use.key === `fragment:${key}`)?.outcome ?? 'failed'
  }

  /** The lines of the panel: the fragments of the page as they are on it, each with what it is made of, and the rest. */
  async rows (inspected: Shop['inspected'], keys: readonly string[]): Promise<Row[]> {
    const numberOf = ({ key }: Use) => keys.findIndex((fragment) => key === `fragment:${fragment}`) + 1 || undefined
    const ordered = this.#uses.toSorted((a, b) => (numberOf(a) ?? 0) - (numberOf(b) ?? 0))
    const flat = (use: Use, depth: number): [Use, number][] => [[use, depth], ...use.uses.flatMap((inner) => flat(inner, depth + 1))]
    const lines = ordered.flatMap((use) => flat(use, 0))
    return Promise.all(lines.map(([use, depth]) => this.#row(use, depth, depth === 0 ? numberOf(use) : undefined, inspected)))
  }

  async #row (use: Use, depth: number, number: number | undefined, inspected: Shop['inspected']): Promise<Row> {
    const { namespace, key, outcome, took } = use
    const cache = inspected.find((one) => one.namespace === namespace && key.startsWith(one.prefix))?.cache
    const entry = await entryOf(cache, key)
    const isMiss = outcome === 'miss' || outcome === 'failed'
    const isSaved = outcome === 'failed' && entry !== undefined
    return {
      number,
      depth,
      kind: key.startsWith('fragment:') ? 'fragment' : key.startsWith('ranking:') ? 'computation' : 'query',
      key: key.replace(/^fragment:/, ''),
      outcome: isSaved ? 'saved' : outcome,
      // A key is a tag, too, which begins with a control character.
      tags: (entry?.tags ?? []).filter((tag) => !tag.startsWith('\u0001')),
      age: entry && (Date.now() - entry.storedAt) / 1000,
      took: (number === undefined ? undefined : this.#took.get(keyOnPage(key))) ?? took,
      saved: entry === undefined || isMiss ? undefined : entry.cost / 1000
    }
  }
}

const keyOnPage = (key: string): string => key.slice('fragment:'.length)

/** The entry as it is kept; undefined while the store does not answer, too. */
async function entryOf (cache: Cache<unknown> | undefined, key: string) {
  try {
    const { memory, store } = await cache?.inspect(key) ?? {}
    return (memory ?? store)?.entry
  } catch {
    return undefined
  }
}

/** The use that events of a key are about. Of a key that is asked for again, it is the last one. */
function noted (uses: Use[], namespace: string, key: string, outcome: Outcome): Use {
  const known = uses.findLast((use) => use.key === key && use.namespace === namespace)
  if (known !== undefined) return known
  const use = { namespace, key, outcome, uses: [], began: performance.now(), took: undefined }
  uses.push(use)
  return use
}

function onHit (message: unknown): void {
  const { namespace, key, source, stale } = message as CacheEvents['weir:cache:hit']
  const uses = current.getStore()
  if (uses !== undefined) noted(uses, namespace, key, stale ? 'stale' : HITS[source])
}

function onMiss (message: unknown): void {
  const { namespace, key } = message as CacheEvents['weir:cache:miss']
  const uses = current.getStore()
  if (uses !== undefined) noted(uses, namespace, key, 'miss')
}

/** What is used within a fill belongs to it; what is done in the background belongs to no page. */
function onFill (message: unknown): void {
  const trace = message as CacheTraces['weir:cache:fill']
  const uses = current.getStore()
  if (uses === undefined) return
  const { namespace, key, background, around } = trace
  const inner = background ? [] : noted(uses, namespace, key, 'miss').uses
  trace.around = (fn) => current.run(inner, () => around === undefined ? fn() : around(fn))
  fills.set(trace, uses)
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

/** The uses among which a fill is. */
const fills = new WeakMap<CacheTraces['weir:cache:fill'], Use[]>()

function listen (change: typeof subscribe | typeof unsubscribe): void {
  change('weir:cache:hit', onHit)
  change('weir:cache:miss', onMiss)
  change('tracing:weir:cache:fill:start', onFill)
  change('tracing:weir:cache:fill:asyncEnd', onFilled)
}
