import type { Duration } from './duration.js'
import { checkTags } from './entry.js'
import type { EntryOptions } from './fill.js'
import { checkOptions, ENTRY } from './known-options.js'

/**
 * The context that {@link Cache.remember} gives its function: by it the value can tell how it is
 * kept.
 */
export interface FillContext<U> {
  readonly key: string
  /**
   * Aborted by `hardTimeout`, with its error as the reason: to be passed on to what the function
   * waits for.
   * @example const response = await fetch(url, { signal: ctx.signal })
   */
  readonly signal: AbortSignal
  /**
   * The value that this one replaces, while it is still kept: for conditional requests, and for
   * work that goes on from it.
   * @example if (response.status === 304 && ctx.stale !== undefined) return ctx.stale
   */
  readonly stale: U | undefined
  /**
   * Says how the value is kept, in place of the options of the call. Tags are added to theirs.
   * @example ctx.options({ ttl: response.maxAge * 1000, tags: response.tags })
   */
  options (this: void, options: Partial<EntryOptions>): void
  /**
   * Has the value given to the callers that wait for it, and not kept.
   * @example if (!response.ok) ctx.skip()
   */
  skip (this: void): void
}

/** Nothing but a lifetime, whatever the cache's defaults are. */
export const nothingBut = (ttl: Duration): EntryOptions => ({
  ttl,
  staleWhileRevalidate: 0,
  staleIfError: 0,
  retain: 0,
  jitter: 0
})

/**
 * The context of one run of the function. Its functions are made when they are asked for, and may
 * be taken out of it.
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

  /** The options of the call, with what the function has said since. */
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
