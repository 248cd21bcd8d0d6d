import { type Duration, parseDuration } from './duration.js'
import { checkTags, isWellFormed, keyTag } from './entry.js'
import { CacheError, shown } from './errors.js'
import { checkJitter, type EntryOptions } from './fill.js'
import type { RememberOptions } from './options.js'

type CallName = 'negativeTtl' | 'softTimeout' | 'hardTimeout' | 'earlyRefresh'

/** Options of {@link createCache} that apply to calls which do not override them. */
export interface CallDefaults extends
  Partial<Omit<EntryOptions, 'tags'>>, Pick<RememberOptions<unknown>, CallName> {
  /**
   * Prefix of every tag that the cache stores or invalidates. Events and other caches see the full
   * tag.
   */
  readonly tagPrefix?: string
}

/** Completes the options of calls with the cache's defaults. */
export class Defaults {
  readonly ttl: Duration | undefined
  readonly earlyRefresh: boolean
  readonly #entry: Partial<EntryOptions>
  readonly #call: Partial<Pick<CallDefaults, CallName>>
  readonly #tagPrefix: string
  readonly #isEmpty: boolean

  /** @throws CacheError WEIR_CACHE_INVALID_DURATION, WEIR_CACHE_INVALID_OPTION */
  constructor (options: CallDefaults) {
    const { ttl, jitter, earlyRefresh = false, tagPrefix = '' } = options
    for (const name of DURATIONS) {
      if (options[name] !== undefined) parseDuration(options[name], name)
    }
    if (jitter !== undefined) checkJitter(jitter)
    if (typeof earlyRefresh !== 'boolean') {
      throw refused('earlyRefresh', earlyRefresh, 'use true or false')
    }
    if (typeof tagPrefix !== 'string' || !isWellFormed(tagPrefix)) {
      throw refused('tagPrefix', tagPrefix, 'use a string')
    }
    this.ttl = ttl
    this.earlyRefresh = earlyRefresh
    this.#entry = lifetimes(options)
    this.#call = picked(options, CALL)
    this.#tagPrefix = tagPrefix
    this.#isEmpty =
      [...ENTRY, ...CALL].every((name) => options[name] === undefined) && tagPrefix === ''
  }

  /** Returns the options of an entry, with tags as the store has them. */
  entry (options: Partial<EntryOptions>): Partial<EntryOptions> {
    return this.#isEmpty
      ? options
      : { ...over(this.#entry, options), tags: this.tags(options.tags ?? []) }
  }

  /** Returns the options of {@link Cache.remember} other than those of the entry. */
  call<U> (options: Partial<RememberOptions<U>>): Partial<RememberOptions<U>> {
    return this.#isEmpty ? options : over<Partial<RememberOptions<U>>>(this.#call, options)
  }

  /** Returns tags as the store has them. A key's own tag has no prefix: the cache assigns it. */
  tags (tags: readonly string[]): readonly string[] {
    checkTags(tags)
    return this.#tagPrefix === ''
      ? tags
      : tags.map((tag) => (tag.startsWith(KEY_MARK) ? tag : this.#tagPrefix + tag))
  }
}

const KEY_MARK = keyTag('')
const ENTRY = [
  'ttl',
  'staleWhileRevalidate',
  'staleIfError',
  'retain',
  'jitter'
] as const satisfies (keyof EntryOptions)[]
const CALL = [
  'negativeTtl',
  'softTimeout',
  'hardTimeout',
  'earlyRefresh'
] as const satisfies CallName[]
const DURATIONS = [
  'ttl',
  'staleWhileRevalidate',
  'staleIfError',
  'retain',
  'negativeTtl',
  'softTimeout',
  'hardTimeout'
] as const satisfies (keyof CallDefaults)[]

/**
 * Picks the options that control how long an entry is kept, without those that control computing
 * it.
 */
export const lifetimes = (options: Partial<EntryOptions>): Partial<Omit<EntryOptions, 'tags'>> =>
  picked(options, ENTRY)

/** Merges options over defaults; an undefined option counts as omitted. */
function over<O extends object> (defaults: O, options: O): O {
  const merged = { ...defaults, ...options }
  for (const name in defaults) if (options[name] === undefined) merged[name] = defaults[name]
  return merged
}

function picked<O extends object, K extends keyof O> (
  options: O,
  names: readonly K[]
): Partial<Pick<O, K>> {
  const result: Partial<Pick<O, K>> = {}
  for (const name of names) if (options[name] !== undefined) result[name] = options[name]
  return result
}

const refused = (name: string, value: unknown, remedy: string) =>
  new CacheError('WEIR_CACHE_INVALID_OPTION', `${name} ${shown(value)}: ${remedy}`)
