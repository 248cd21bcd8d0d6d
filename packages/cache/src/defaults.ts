import { type Duration, parseDuration } from './duration.js'
import { checkTags, isWellFormed, keyTag } from './entry.js'
import { CacheError, shown } from './errors.js'
import { checkJitter, type EntryOptions } from './fill.js'
import type { RememberOptions } from './options.js'

type CallName = 'negativeTtl' | 'softTimeout' | 'hardTimeout' | 'earlyRefresh'

/** Options of {@link createCache} that hold for each call which does not say otherwise. */
export interface CallDefaults extends
  Partial<Omit<EntryOptions, 'tags'>>, Pick<RememberOptions<unknown>, CallName> {
  /**
   * Begins every tag of the cache's entries, and every tag that it invalidates. Events and other
   * caches see the whole.
   */
  readonly tagPrefix?: string
}

/** Fills in what the options of a call leave out. */
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
      throw refused('earlyRefresh', earlyRefresh, 'give true or false')
    }
    if (typeof tagPrefix !== 'string' || !isWellFormed(tagPrefix)) {
      throw refused('tagPrefix', tagPrefix, 'give a text')
    }
    this.ttl = ttl
    this.earlyRefresh = earlyRefresh
    this.#entry = lifetimes(options)
    this.#call = picked(options, CALL)
    this.#tagPrefix = tagPrefix
    this.#isEmpty =
      [...ENTRY, ...CALL].every((name) => options[name] === undefined) && tagPrefix === ''
  }

  /** The options of an entry, its tags as they are in the store. */
  entry (options: Partial<EntryOptions>): Partial<EntryOptions> {
    return this.#isEmpty
      ? options
      : { ...over(this.#entry, options), tags: this.tags(options.tags ?? []) }
  }

  /** The options of {@link Cache.remember}, but for those of the entry. */
  call<U> (options: Partial<RememberOptions<U>>): Partial<RememberOptions<U>> {
    return this.#isEmpty ? options : over<Partial<RememberOptions<U>>>(this.#call, options)
  }

  /** Tags as they are in the store. That of a key has no prefix: the cache itself gives it. */
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

/** The options that say how long an entry is kept, without those that say how it is computed. */
export const lifetimes = (options: Partial<EntryOptions>): Partial<Omit<EntryOptions, 'tags'>> =>
  picked(options, ENTRY)

/** Merges options over defaults; an undefined option counts as left out. */
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
