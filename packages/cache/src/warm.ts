import { setMaxListeners } from 'node:events'
import { setImmediate } from 'node:timers/promises'
import { lifetimes } from './defaults.js'
import { type Duration, LONGEST_TIMER, parseDuration } from './duration.js'
import { checkKey, type Entry, freshness } from './entry.js'
import { CacheError, shown } from './errors.js'
import { type FillContext, nothingBut, RunContext } from './fill-context.js'
import { type EntryOptions, Fill, makeEntry } from './fill.js'
import type { Filling } from './filling.js'
import { checkOptions, refused, WARM } from './known-options.js'
import type { RememberOptions } from './options.js'
import { bounded } from './remembering.js'
import { checkSeveral } from './several.js'

/**
 * Options of {@link Cache.warm}: those of `remember` for each value, and those of the warming
 * itself.
 */
export interface WarmOptions<U> extends Omit<
  RememberOptions<U>,
  'softTimeout' | 'earlyRefresh' | 'onOutage' | 'tags'
> {
  /** Tags, or a function that derives them from the value and its key. */
  readonly tags?: readonly string[] | ((value: U, key: string) => readonly string[])
  /** Number of values computed concurrently. Default 4. */
  readonly concurrency?: number
  /**
   * Called after each store read and after each value. The warming stops with any error it throws
   * or rejects with.
   */
  readonly onProgress?: (progress: WarmProgress) => void | Promise<void>
  /**
   * Stops the warming: it rejects with the signal's reason, and the signals of running functions
   * are aborted.
   */
  readonly signal?: AbortSignal
}

/**
 * Numbers of keys so far. Keys counted only in `done` were not stored: `ctx.skip()` was called, or
 * they were invalidated meanwhile.
 */
export interface WarmProgress {
  readonly done: number
  /** Computed by this call and stored. */
  readonly filled: number
  /** Already fresh, or computed by another caller or instance meanwhile. */
  readonly fresh: number
  readonly failed: number
  /** Total number of keys. Undefined if it is known only at the end of the iterable. */
  readonly total: number | undefined
}

/** The outcome of {@link Cache.warm}. */
export interface WarmSummary extends WarmProgress {
  /** The first ten failures. Each failure is also published on `weir:cache:error`. */
  readonly errors: readonly { readonly key: string, readonly error: unknown }[]
}

/** The function that computes a key's value. */
export type WarmFunction<U> = (key: string, context: FillContext<U>) => U | Promise<U>

/** Keys, including those of an async iterable such as a database cursor. */
export type Keys = Iterable<string> | AsyncIterable<string>

/** Maximum number of keys per store read. */
const BATCH = 100
const MOST_ERRORS = 10

/** See {@link Cache.warm}. */
export async function warm<T, U extends T> (
  filling: Filling<T>, keys: Keys, options: Partial<WarmOptions<U>>, fn: WarmFunction<U>
): Promise<WarmSummary> {
  checkOptions('', options, WARM)
  if (typeof fn !== 'function') {
    throw refused(`fn ${shown(fn)}: pass the function that computes the value of a key`)
  }
  const { concurrency = 4, signal } = options
  checkSeveral('keys', keys, Symbol.asyncIterator)
  if (!(Number.isInteger(concurrency) && concurrency > 0)) {
    throw refused(`concurrency ${shown(concurrency)}: use a whole number from 1`)
  }
  const warming = new Warming<T, U>(filling, options, fn, totalOf(keys))
  const stop = () => { warming.stop(signal?.reason) }
  signal?.throwIfAborted()
  signal?.addEventListener('abort', stop)
  try {
    return await filling.activity.during(warming.run(keys, concurrency))
  } finally {
    signal?.removeEventListener('abort', stop)
  }
}

class Warming<T, U extends T> {
  readonly #filling: Filling<T>
  readonly #options: Partial<WarmOptions<U>>
  readonly #kept: Partial<EntryOptions>
  readonly #negativeTtl: Duration | undefined
  readonly #hardTimeout: number | undefined
  readonly #fn: WarmFunction<U>
  readonly #counts: {
    done: number
    filled: number
    fresh: number
    failed: number
    readonly total: number | undefined
  }

  readonly #errors: { key: string; error: unknown }[] = []
  readonly #stop = new AbortController()
  /** Pending results of `onProgress`. */
  readonly #reports = new Set<Promise<void>>()

  constructor (
    filling: Filling<T>,
    given: Partial<WarmOptions<U>>,
    fn: WarmFunction<U>,
    total: number | undefined
  ) {
    const { tags = [], ...others } = given
    const { negativeTtl, hardTimeout } = filling.defaults.call<U>(others)
    this.#kept = lifetimes(others)
    // Report invalid options immediately, not once per key.
    makeEntry(
      undefined,
      0,
      filling.defaults.entry({ ...this.#kept, tags: typeof tags === 'function' ? [] : tags }),
      { filledBy: '', cost: 0 }
    )
    this.#filling = filling
    this.#options = given
    this.#negativeTtl = negativeTtl
    this.#hardTimeout =
      hardTimeout === undefined
        ? undefined
        : Math.min(parseDuration(hardTimeout, 'hardTimeout'), LONGEST_TIMER)
    this.#fn = fn
    // One listener per value in progress.
    setMaxListeners(0, this.#stop.signal)
    this.#counts = { done: 0, filled: 0, fresh: 0, failed: 0, total }
  }

  stop (reason: unknown): void {
    this.#stop.abort(reason)
  }

  /**
   * Computes the values. Keys are read on when all values of the previous batch have been started,
   * so a slow function slows down the iterable.
   */
  async run (keys: Keys, concurrency: number): Promise<WarmSummary> {
    const { signal } = this.#stop
    const running = new Set<Promise<void>>()
    try {
      for await (const batch of batches(keys, signal)) {
        // A store may never answer.
        for (const { key, stale } of await untilAborted(this.#due(batch), signal)) {
          if (running.size >= concurrency) await untilAborted(Promise.race(running), signal)
          const fill = this.#fill(key, stale).finally(() => {
            running.delete(fill)
          })
          running.add(fill)
        }
      }
    } catch (error) {
      // If the iterable failed, wait for the values in progress. An aborted warming waits for
      // nothing.
      if (!signal.aborted) await Promise.all(running)
      throw error
    }
    await untilAborted(Promise.all(running), signal)
    await untilAborted(Promise.all(this.#reports), signal)
    signal.throwIfAborted()
    return { ...this.#counts, errors: this.#errors }
  }

  /** Returns the keys without a fresh value, with one store read. */
  async #due (keys: readonly string[]): Promise<{ key: string; stale: Entry<T> | undefined }[]> {
    const valid = keys.filter((key) => this.#isKey(key))
    const found = await this.#filling.tiers.findMany(valid).catch((cause: unknown) => {
      // A value computed while the store fails cannot be stored and would have to be computed
      // again.
      if (this.#stop.signal.aborted) return undefined
      const error = new CacheError(
        'WEIR_CACHE_STORE_FAILED',
        'return the current entries: see the cause; nothing is computed meanwhile',
        { cause }
      )
      for (const key of valid) this.#failed(key, error)
      return undefined
    })
    if (this.#stop.signal.aborted) return []
    const now = Date.now()
    const due: { key: string; stale: Entry<T> | undefined }[] = []
    for (const [i, hit] of found?.entries() ?? []) {
      const key = valid[i] ?? ''
      const state = hit === undefined ? 'expired' : freshness(hit.entry, now)
      if (state === 'fresh') this.#fresh()
      else due.push({ key, stale: state === 'stale' ? hit?.entry : undefined })
    }
    this.#report()
    return due
  }

  #isKey (key: string): boolean {
    try {
      checkKey(key)
      return true
    } catch (error) {
      this.#failed(key, error)
      return false
    }
  }

  /** Never rejects. */
  async #fill (key: string, stale: Entry<T> | undefined): Promise<void> {
    try {
      const outcome = await this.#outcome(key, stale)
      if (this.#stop.signal.aborted) return
      if (outcome === 'fresh') this.#fresh()
      else this.#counts.done++
      if (outcome === 'stored') this.#counts.filled++
    } catch (error) {
      if (this.#stop.signal.aborted) return
      this.#failed(key, error)
    }
    this.#report()
  }

  /** Replaces a stale value in place of a background refresh. */
  async #outcome (key: string, stale: Entry<T> | undefined) {
    const fill =
      stale === undefined
        ? await this.#filling.acquire(key, {})
        : await this.#filling.revalidate(key, stale)
    if (!(fill instanceof Fill)) return 'fresh'
    // The cast relies on the caller: a key always holds the type that its `fn` returns.
    const context = new RunContext<U>(key, fill.stale?.value as U | undefined)
    const { signal } = this.#stop
    let value: U
    try {
      signal.throwIfAborted()
      const result = Promise.resolve(fill.run(() => this.#fn(key, context)))
      const inTime =
        this.#hardTimeout === undefined ? result : bounded(result, context, this.#hardTimeout)
      value = await untilAborted(inTime, signal)
    } catch (error) {
      fill.fail(error)
      if (signal.aborted) context.abort(signal.reason as Error)
      throw error
    }
    const { tags = [] } = this.#options
    const negativeTtl = this.#negativeTtl
    const negative = (value === null || value === undefined) && negativeTtl !== undefined
    const { result, error } = await fill.commit(value, () =>
      context.over({
        ...(negative ? nothingBut(negativeTtl) : this.#kept),
        tags: typeof tags === 'function' ? tags(value, key) : tags
      })
    )
    if (result === 'failed') throw notStored(key, error)
    return result
  }

  #fresh (): void {
    this.#counts.done++
    this.#counts.fresh++
  }

  #failed (key: string, error: unknown): void {
    this.#counts.done++
    this.#counts.failed++
    if (this.#errors.length < MOST_ERRORS) this.#errors.push({ key, error })
    this.#filling.counters.failed('fill', key, error)
  }

  #report (): void {
    try {
      const reported = this.#options.onProgress?.({ ...this.#counts })
      if (!(reported instanceof Promise)) return
      const report: Promise<void> = reported
        .catch((error: unknown) => {
          this.stop(error)
        })
        .finally(() => {
          this.#reports.delete(report)
        })
      this.#reports.add(report)
    } catch (error) {
      this.stop(error)
    }
  }
}

/** Distinguishes a value that cannot be stored from a failing store. */
function notStored (key: string, cause: unknown): CacheError {
  if (cause instanceof CacheError && REFUSALS.has(cause.code)) return cause
  return new CacheError(
    'WEIR_CACHE_STORE_FAILED',
    `store the value for ${shown(key)}: it is computed again on the next request`,
    { cause }
  )
}

const REFUSALS: ReadonlySet<string> = new Set([
  'WEIR_CACHE_VALUE_TOO_LARGE',
  'WEIR_CACHE_UNSERIALIZABLE'
])

function totalOf (keys: Keys): number | undefined {
  if (Array.isArray(keys)) return keys.length
  return keys instanceof Set ? keys.size : undefined
}

type Answer = IteratorResult<string, undefined>

/** Groups the keys. A partial group does not wait for keys that are not available yet. */
async function * batches (keys: Keys, signal: AbortSignal): AsyncGenerator<readonly string[]> {
  const iterator =
    Symbol.asyncIterator in keys
      ? answering(keys[Symbol.asyncIterator]())
      : keys[Symbol.iterator]()
  let batch: string[] = []
  let isAtEnd = false
  try {
    for (;;) {
      signal.throwIfAborted()
      const answer: Answer | Promise<Answer> = iterator.next()
      if (answer instanceof Promise && batch.length > 0 && await isLate(answer)) {
        yield batch
        batch = []
      }
      const result = answer instanceof Promise ? await untilAborted(answer, signal) : answer
      if (result.done === true) break
      batch.push(result.value)
      if (batch.length < BATCH) continue
      yield batch
      batch = []
    }
    isAtEnd = true
    if (batch.length > 0) yield batch
  } finally {
    // A generator that does not answer may never return: request it without waiting.
    if (!isAtEnd) Promise.resolve(iterator.return?.()).catch(() => {})
  }
}

/** Wraps the iterator's results in native promises. */
const answering = (iterator: AsyncIterator<string>) => ({
  next: async (): Promise<Answer> => iterator.next(),
  return: async () => iterator.return?.()
})

/** Reports whether the promise outlasts the work pending in this turn of the event loop. */
const isLate = (promise: Promise<unknown>): Promise<boolean> =>
  Promise.race([promise.then(() => false, () => false), setImmediate(true)])

/**
 * Settles with the promise or the signal, whichever is first. The listener is always removed, so
 * one signal can serve any number of promises.
 */
function untilAborted<R> (promise: Promise<R>, signal: AbortSignal): Promise<R> {
  return new Promise((resolve, reject) => {
    const abort = () => { reject(signal.reason as Error) }
    signal.addEventListener('abort', abort)
    promise.then(resolve, reject).finally(() => { signal.removeEventListener('abort', abort) })
    if (signal.aborted) abort()
  })
}
