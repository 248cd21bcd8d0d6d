import { setTimeout as sleep } from 'node:timers/promises'
import { type Cache, type Entry, Fill, type Hit, servesError } from '@weir/cache'
import { type CacheStatus } from '@weir/http'
import { type Document, type Fetched } from './document.js'

/** Where a document comes from, if the cache does not have it. */
export interface Origin<T> {
  /**
   * Fetches it, in bounded time.
   * @param known what is there and stale, to ask whether it still holds
   */
  fetch (known: Document<T> | undefined): Promise<Fetched<T>>
  /** Whether it has been failing. */
  readonly isFailing: boolean
}

/**
 * Says of an error that it is about who has asked: others who want the same are to ask for
 * themselves.
 */
export interface OwnFault {
  /** Milliseconds after which asking again may succeed. */
  readonly retryAfterMs: number
  /** The reason, where something stale is served instead: `detail` of Cache-Status. */
  readonly why: string
}

/** A document, and how it was come by. */
export interface Reading<T> {
  readonly document: Document<T>
  /** ms since the epoch. */
  readonly freshUntil: number
  readonly staleIfError: number
  readonly status: CacheStatus
  /** The instance that fetched it. */
  readonly filledBy: string
  /** How long that took, in microseconds. */
  readonly cost: number
}

export interface DocumentsOptions<T> {
  readonly cache: Cache<Document<T>>
  /** False: each document is fetched for each request. */
  readonly isKept: boolean
  /** How long a fetch is waited for, in ms, where there is something stale to answer with. */
  readonly patience: number
  /** Whether an error is about who has asked, and not about what was asked for. */
  readonly ownFaultOf?: (error: unknown) => OwnFault | undefined
  /** By which the document under a key can be invalidated. */
  readonly tagsOf: (key: string) => readonly string[]
  /** Is told why something could not be fetched, where nobody else is. */
  readonly report: (error: unknown, key: string) => void
}

/** A fetch, for all in this process who want the same. */
interface Flight<T> {
  readonly reading: Promise<Reading<T>>
  /**
   * Resolves to false when it is over, or to true when it has taken longer than whoever has
   * something old should wait.
   */
  readonly isLate: Promise<boolean>
}

/**
 * Documents of an upstream, each fetched once for all who want it, on all instances. What is stale
 * is answered with at once as long as it may be (stale-while-revalidate), later only if a new one
 * is not there in time, or not to be had (stale-if-error). A fetch goes on when nobody waits for it
 * any more.
 */
export class Documents<T> {
  readonly #flights = new Map<string, Flight<T>>()

  constructor (readonly options: DocumentsOptions<T>) {}

  /** @throws what the origin throws, where there is nothing to answer with instead */
  async read (key: string, origin: Origin<T>): Promise<Reading<T>> {
    if (!this.options.isKept) return this.#fetched(origin)
    const hit = this.options.cache.lookup(key)
    if (hit !== undefined) return this.#serve(key, hit, origin)
    // Waiting for an upstream that has been failing would be in vain, mostly.
    const known = origin.isFailing ? await this.#spare(key, 'UPSTREAM_FAILING') : undefined
    if (known !== undefined) {
      if (!this.#flights.has(key)) this.#begin(key, origin)
      return known
    }
    return this.#wait(key, origin, Date.now() + this.options.patience)
  }

  /** @param until ms since the epoch: how long who may not fetch now can wait until then */
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
   * As `read` for each of the keys, in their order: with one read of the cache for all, and a fetch
   * for each that it does not have.
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

  /** A document for one request alone. */
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

  /** What the cache has, or what can be fetched, or else what is old. */
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
   * A value, or the duty to fetch it. While the store is gone fresh memory will do: only admins
   * ever invalidate weather.
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
      const { document, lifetime } = await origin.fetch(fill.stale?.value)
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

  /** What may be used if nothing better is to be had. */
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

  /** What memory has, where the store cannot be asked. */
  async #unverified (key: string): Promise<Entry<Document<T>> | undefined> {
    const hit = await this.options.cache.find(key, { onOutage: 'stale' })
    return hit?.unverified === true ? hit.entry : undefined
  }
}

// What was fetched together is not to be fetched together again.
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

/** For who waited for another's request. */
function collapsed<T> (reading: Reading<T>): Reading<T> {
  const { status: { fwd, ttl = 0, detail } } = reading
  return fwd === undefined
    ? reading
    : {
        ...reading,
        status: { fwd, ttl, collapsed: true, ...(detail !== undefined && { detail }) }
      }
}
