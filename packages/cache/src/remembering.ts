import { within } from '@weir/internal'
import type { Counters } from './counters.js'
import { type Duration, LONGEST_TIMER, parseDuration } from './duration.js'
import { checkKey, type Entry, freshness, servesError } from './entry.js'
import { CacheError, shown } from './errors.js'
import { type FillContext, nothingBut, RunContext } from './fill-context.js'
import { Fill } from './fill.js'
import type { Filling } from './filling.js'
import { CALL, checkOptions } from './known-options.js'
import type { Hit, RememberOptions } from './options.js'

/** The function that computes a value. */
export type FillFunction<U> = (context: FillContext<U>) => U | Promise<U>

interface RunOptions<U> extends Omit<Partial<RememberOptions<U>>, 'hardTimeout'> {
  /** Milliseconds. */
  readonly hardTimeout: number | undefined
}

/**
 * Decides whether a fresh value is refreshed early.
 *
 * The probability grows as the expiry approaches, with the cost of computing the value, and with
 * the number of reads (Vattani, Chierichetti, Lowenstein: Optimal Probabilistic Cache Stampede
 * Prevention, 2015).
 */
export const isDueEarly = ({ freshUntil, cost }: Entry<unknown>, now: number): boolean =>
  now - cost / 1000 * Math.log(1 - Math.random()) >= freshUntil

/**
 * The slow path of `remember`, without a fresh value in memory: reads the store, waits, computes,
 * times out.
 */
export class Remembering<T> {
  constructor (
    readonly filling: Filling<T>,
    readonly counters: Counters
  ) {}

  /**
   * @param hit the value in memory, stale or due for early refresh
   * @throws like {@link Cache.remember}
   */
  async remember<U extends T>(
    key: string,
    given: Partial<RememberOptions<U>>,
    fn: FillFunction<U> | undefined,
    hit: Hit<T> | undefined
  ): Promise<U> {
    checkKey(key)
    if (typeof fn !== 'function') {
      throw new CacheError(
        'WEIR_CACHE_INVALID_OPTION',
        `fn ${shown(fn)}: pass the function that computes the value`
      )
    }
    checkOptions('', given, CALL)
    const options = this.filling.defaults.call(given)
    const softTimeout = milliseconds(options.softTimeout, 'softTimeout')
    const hardTimeout = milliseconds(options.hardTimeout, 'hardTimeout')
    const value = this.filling.activity.during(
      this.#value(key, { ...options, hardTimeout }, fn, hit)
    )
    return softTimeout === undefined || hit !== undefined
      ? value
      : this.#orStale(key, value, softTimeout)
  }

  async #value<U extends T>(
    key: string,
    options: RunOptions<U>,
    fn: FillFunction<U>,
    hit: Hit<T> | undefined
  ): Promise<U> {
    const outcome = hit ?? (await this.filling.acquire(key, options))
    if (outcome instanceof Fill) return this.#run(outcome, options, fn)
    const isDue =
      outcome.stale ||
      hit !== undefined ||
      (options.earlyRefresh === true && isDueEarly(outcome.entry, Date.now()))
    if (isDue && outcome.unverified !== true) {
      this.filling.activity
        .during(
          this.filling
            .revalidate(key, outcome.entry, { early: !outcome.stale })
            .then((fill) => fill && this.#run(fill, options, fn))
        )
        .catch((error: unknown) => {
          this.counters.failed('fill', key, error)
        })
    }
    // The cast relies on the caller: a key always holds the type that its `fn` returns.
    return outcome.entry.value as U
  }

  async #run<U extends T>(fill: Fill<T>, options: RunOptions<U>, fn: FillFunction<U>): Promise<U> {
    const context = new RunContext<U>(fill.key, fill.stale?.value as U | undefined)
    let value: U
    try {
      const result = fill.run(() => fn(context))
      value = await (options.hardTimeout === undefined
        ? result
        : bounded(result, context, options.hardTimeout))
    } catch (error) {
      fill.fail(error)
      const mayStandIn = fill.stale !== undefined && servesError(fill.stale, Date.now())
      const stale = mayStandIn ? await fill.validStale() : undefined
      if (stale === undefined) throw error
      this.counters.failed('fill', fill.key, error)
      return stale.value as U
    }
    const { tags = [], negativeTtl, onOutage: _, hardTimeout: __, ...rest } = options
    const negative = (value === null || value === undefined) && negativeTtl !== undefined
    await fill.commit(value, () =>
      context.over({
        ...(negative ? nothingBut(negativeTtl) : rest),
        tags: typeof tags === 'function' ? tags(value) : tags
      })
    )
    return value
  }

  /** Returns the value, or a valid stale one if it is late. Later callers get the late value. */
  async #orStale<U extends T>(key: string, value: Promise<U>, softTimeout: number): Promise<U> {
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<true>((resolve) => {
      timer = setTimeout(resolve, softTimeout, true)
    })
    const isLate = await Promise.race([late, value.then(() => false)]).finally(() => {
      clearTimeout(timer)
    })
    // The store may be slow too.
    const stale = isLate
      ? await Promise.race([this.#stale(key), value.then(() => undefined)])
      : undefined
    if (stale === undefined) return value
    value.catch((error: unknown) => {
      this.counters.failed('fill', key, error)
    })
    return stale.entry.value as U
  }

  async #stale (key: string): Promise<Hit<T> | undefined> {
    const found = (await this.filling.find(key))?.found
    const now = Date.now()
    if (
      found === undefined ||
      (!servesError(found.entry, now) && freshness(found.entry, now) === 'expired')
    ) { return undefined }
    return this.counters.hit(key, { ...found, stale: freshness(found.entry, now) !== 'fresh' })
  }
}

/** Returns the value, or aborts its context after `hardTimeout` milliseconds. */
export function bounded<U> (
  result: U | Promise<U>,
  context: RunContext<U>,
  hardTimeout: number
): Promise<U> {
  return within(hardTimeout, Promise.resolve(result), () => {
    const error = new CacheError(
      'WEIR_CACHE_FILL_TIMEOUT',
      `${context.key} took longer than the hardTimeout of ${hardTimeout} ms`
    )
    context.abort(error)
    return error
  })
}

const milliseconds = (duration: Duration | undefined, name: string): number | undefined =>
  duration === undefined ? undefined : Math.min(parseDuration(duration, name), LONGEST_TIMER)
