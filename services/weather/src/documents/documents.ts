import { setTimeout as sleep } from 'node:timers/promises'
import { type Cache, type Entry, Fill, type Hit, servesError } from '@weir/cache'
import { type CacheStatus } from '@weir/http'
import { type Document, type Fetched } from './document.js'

/** Source of a document that is not cached. */
export interface Origin<T> {
  /**
   * Fetches it, in bounded time.
   * @param known stale document, for revalidation
   */
  fetch (known: Document<T> | undefined): Promise<Fetched<T>>
  /** Whether it has been failing. */
  readonly isFailing: boolean
}

/**
 * Marks an error that concerns the client: other requests for the same document must fetch it
 * themselves.
 */
export interface OwnFault {
  /** Milliseconds after which a retry may succeed. */
  readonly retryAfterMs: number
  /** Reason why a stale document is served instead: `detail` of Cache-Status. */
  readonly why: string
}

/** Document with its origin. */
export interface Reading<T> {
  readonly document: Document<T>
  /** Milliseconds since the epoch. */
  readonly freshUntil: number
  readonly staleIfError: number
  readonly status: CacheStatus
  /** Instance that fetched it. */
  readonly filledBy: string
  /** Duration of the fetch in microseconds. */
  readonly cost: number
}

export interface DocumentsOptions<T> {
  readonly cache: Cache<Document<T>>
  /** False: each document is fetched for each request. */
  readonly isKept: boolean
  /** Milliseconds to wait for a fetch if there is a stale document. */
  readonly patience: number
  /** Returns the fault of the client in an error; undefined if the error concerns the document. */
  readonly ownFaultOf?: (error: unknown) => OwnFault | undefined
  /** Returns the tags that invalidate the document under a key. */
  readonly tagsOf: (key: string) => readonly string[]
  /** Receives errors of fetches that no caller receives. */
  readonly report: (error: unknown, key: string) => void
}

/** Fetch shared by all requests in this process for the same document. */
interface Flight<T> {
  readonly reading: Promise<Reading<T>>
  /**
   * Resolves to false when it is complete, or to true when it has taken longer than requests with a
   * stale document should wait.
   */
  readonly isLate: Promise<boolean>
}

/**
 * Documents of an upstream, each fetched once for all requests on all instances. A stale document
 * is served at once within its stale-while-revalidate window; after that only if a new one does not
 * arrive in time, or cannot be fetched (stale-if-error). A fetch continues when no request waits
 * for it any more.
 */
export class Documents<T> {
  readonly #flights = new Map<string, Flight<T>>()

  constructor (readonly options: DocumentsOptions<T>) {}

  /** @throws the error of the origin, if there is no document to serve instead */
  async read (key: string, origin: Origin<T>): Promise<Reading<T>> {
    if (!this.options.isKept) return this.#fetched(origin)
    const hit = this.options.cache.lookup(key)
    if (hit !== undefined) return this.#serve(key, hit, origin)
    // Waiting for a failing upstream would usually be in vain.
    const known = origin.isFailing ? await this.#spare(key, 'UPSTREAM_FAILING') : undefined
    if (known !== undefined) {
      if (!this.#flights.has(key)) this.#begin(key, origin)
      return known
    }
    return this.#wait(key, origin, Date.now() + this.options.patience)
  }

  /** @param until ms since the epoch: maximum wait of requests that may not fetch now */
  async #wait (key: string, origin: Origin<T>, until: number): Promise<Reading<T>> {
    const joined = this.#flights.get(key)
    const { reading, isLate } = joined ?? this.#begin(key, origin)
    const spare = (await isLate) ? await this.#spare(key, 'SOFT_TIMEOUT') : undefined
    if (spare !== undefined) return spare
    try {
      return joined === undefined ? await reading : collapsed(await reading)
    } catch (error) {
      const fault = this.options.ownFaultOf?.(error)
      if (fault === undefined) throw error
      if (joined === undefined) {
        if (Date.now() + fault.retryAfterMs > until) throw error
        await sleep(fault.retryAfterMs)
      }
      return this.#wait(key, origin, until)
    }
  }

  /**
   * Like `read` for each of the keys, in their order: with one cache read for all, and a fetch for
   * each missing one.
   */
  async readMany (
    keys: readonly string[],
    originOf: (key: string) => Origin<T>
  ): Promise<PromiseSettledResult<Document<T>>[]> {
    const fresh = this.options.isKept ? await this.options.cache.getMany(keys) : []
    return Promise.allSettled(
      keys.map(async (key, i) => fresh[i] ?? (await this.read(key, originOf(key))).document)
    )
  }

  /** Fetches a document for one request only. */
  async #fetched (origin: Origin<T>): Promise<Reading<T>> {
    const began = performance.now()
    const {
      document,
      lifetime: { ttl }
    } = await origin.fetch(undefined)
    const cost = Math.round((performance.now() - began) * 1000)
    const status = { fwd: 'bypass', detail: 'CACHE_OFF' } as const
    return {
      document,
      freshUntil: Date.now() + ttl,
      staleIfError: 0,
      status,
      filledBy: this.options.cache.name,
      cost
    }
  }

  #begin (key: string, origin: Origin<T>): Flight<T> {
    const { patience, report } = this.options
    const reading = this.#obtain(key, origin).finally(() => {
      this.#flights.delete(key)
    })
    const isLate = new Promise<boolean>((resolve) => {
      const timer = setTimeout(resolve, patience, true)
      const end = () => {
        clearTimeout(timer)
        resolve(false)
      }
      reading.then(end, (error: unknown) => {
        report(error, key)
        end()
      })
    })
    const flight = { reading, isLate }
    this.#flights.set(key, flight)
    return flight
  }

  /** Returns the cached document, a new one, or else a stale one. */
  async #obtain (key: string, origin: Origin<T>): Promise<Reading<T>> {
    try {
      const outcome = await this.#acquire(key)
      return outcome instanceof Fill
        ? await this.#fill(outcome, origin)
        : this.#serve(key, outcome, origin)
    } catch (error) {
      const spare = await this.#spare(
        key,
        this.options.ownFaultOf?.(error)?.why ?? 'STALE_IF_ERROR'
      )
      if (spare === undefined) throw error
      this.options.report(error, key)
      return spare
    }
  }

  /**
   * Returns a value, or the duty to fetch it. While the store is unavailable, fresh memory is
   * sufficient: only admins ever invalidate weather.
   */
  async #acquire (key: string): Promise<Hit<Document<T>> | Fill<Document<T>>> {
    const outcome = await this.options.cache.acquire(key, { onOutage: 'stale' })
    const isOld =
      !(outcome instanceof Fill) &&
      outcome.unverified === true &&
      outcome.entry.freshUntil <= Date.now()
    return isOld ? this.options.cache.acquire(key) : outcome
  }

  #serve (key: string, hit: Hit<Document<T>>, origin: Origin<T>): Reading<T> {
    const { entry, source, stale, unverified } = hit
    if (stale && unverified !== true) this.#refresh(key, entry, origin)
    if (source === 'coalesced') return collapsed(reading(entry, { fwd: 'uri-miss' }))
    return reading(entry, {
      hit: true,
      detail: unverified === true ? 'OUTAGE' : source === 'l1' ? 'memory' : 'store'
    })
  }

  #refresh (key: string, stale: Entry<Document<T>>, origin: Origin<T>): void {
    const { cache, report } = this.options
    cache
      .revalidate(key, stale)
      .then((fill) => fill && this.#fill(fill, origin))
      .catch((error: unknown) => {
        report(error, key)
      })
  }

  async #fill (fill: Fill<Document<T>>, origin: Origin<T>): Promise<Reading<T>> {
    try {
      const { document, lifetime } = await fill.run(() =>
        origin.fetch(fill.stale?.value)
      )
      const { entry, result } = await fill.commit(document, () => ({
        ...lifetime,
        jitter: JITTER,
        tags: this.options.tagsOf(fill.key)
      }))
      return reading(entry, {
        fwd: fill.stale === undefined ? 'uri-miss' : 'stale',
        stored: result === 'stored'
      })
    } catch (error) {
      fill.fail()
      throw error
    }
  }

  /** Returns a stale document for use if there is no better one. */
  async #spare (key: string, why: string): Promise<Reading<T> | undefined> {
    const { cache } = this.options
    const entry =
      (await cache.find(key, { accept: 'retained' }))?.entry ?? (await this.#unverified(key))
    if (entry === undefined) return undefined
    if (entry.freshUntil > Date.now()) return reading(entry, { hit: true })
    return servesError(entry, Date.now())
      ? reading(entry, { fwd: 'stale', detail: why })
      : undefined
  }

  /** Returns the document in memory, if the store is unavailable. */
  async #unverified (key: string): Promise<Entry<Document<T>> | undefined> {
    const hit = await this.options.cache.find(key, { onOutage: 'stale' })
    return hit?.unverified === true ? hit.entry : undefined
  }
}

// Spreads expiry, so that documents fetched together are not fetched together again.
const JITTER = 0.1

function reading<T> (
  { value, freshUntil, errorUntil, filledBy, cost }: Entry<Document<T>>,
  status: CacheStatus
): Reading<T> {
  const ttl = Math.floor((freshUntil - Date.now()) / 1000)
  return {
    document: value,
    freshUntil,
    staleIfError: Math.max(0, errorUntil - freshUntil),
    status: { ...status, ttl },
    filledBy,
    cost
  }
}

/** Marks a reading for requests that waited for another one. */
function collapsed<T> (reading: Reading<T>): Reading<T> {
  const { status: { fwd, ttl = 0, detail } } = reading
  return fwd === undefined
    ? reading
    : {
        ...reading,
        status: { fwd, ttl, collapsed: true, ...(detail !== undefined && { detail }) }
      }
}
