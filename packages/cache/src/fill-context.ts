import type { Duration } from './duration.js'
import { checkTags } from './entry.js'
import type { EntryOptions } from './fill.js'
import { checkOptions, ENTRY } from './known-options.js'

/** The context that {@link Cache.remember} passes to its function. */
export interface FillContext<U> {
  readonly key: string
  /**
   * Aborted at `hardTimeout`, with the timeout error as its reason. Pass it on to pending
   * operations.
   * @example const response = await fetch(url, { signal: ctx.signal })
   */
  readonly signal: AbortSignal
  /**
   * The value being replaced, while it is retained: for conditional requests and incremental work.
   * @example if (response.status === 304 && ctx.stale !== undefined) return ctx.stale
   */
  readonly stale: U | undefined
  /**
   * Overrides the options of the call. Tags are added to those of the call.
   * @example ctx.options({ ttl: response.maxAge * 1000, tags: response.tags })
   */
  options (this: void, options: Partial<EntryOptions>): void
  /**
   * Returns the value to the waiting callers without storing it.
   * @example if (!response.ok) ctx.skip()
   */
  skip (this: void): void
}

/** Options with only a lifetime, whatever the cache's defaults are. */
export const nothingBut = (ttl: Duration): EntryOptions => ({
  ttl,
  staleWhileRevalidate: 0,
  staleIfError: 0,
  retain: 0,
  jitter: 0
})

/**
 * The context of one run of the function. Methods are created on first use and can be destructured.
 */
export class RunContext<U> implements FillContext<U> {
  #controller: AbortController | undefined
  #isSkipped = false
  #given: Partial<EntryOptions> | undefined

  constructor (readonly key: string, readonly stale: U | undefined) {}

  get signal (): AbortSignal {
    this.#controller ??= new AbortController()
    return this.#controller.signal
  }

  get options (): (options: Partial<EntryOptions>) => void {
    return (options) => {
      checkOptions('ctx.options', options, ENTRY)
      this.#given = { ...this.#given, ...options, tags: joined(this.#given?.tags, options.tags) }
    }
  }

  get skip (): () => void {
    return () => { this.#isSkipped = true }
  }

  abort (reason: Error): void {
    this.#controller ??= new AbortController()
    this.#controller.abort(reason)
  }

  /** Merges the options of the call with those that the function has set. */
  over (options: Partial<EntryOptions>): Partial<EntryOptions> {
    if (this.#isSkipped) return nothingBut(0)
    return this.#given === undefined
      ? options
      : { ...options, ...this.#given, tags: joined(options.tags, this.#given.tags) }
  }
}

function joined (tags: readonly string[] = [], others: readonly string[] = []): readonly string[] {
  checkTags(tags)
  checkTags(others)
  return [...tags, ...others]
}
