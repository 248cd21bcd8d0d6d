import type { CounterOptions } from './counting.js'
import { parseDuration } from './duration.js'
import { CacheError, shown } from './errors.js'
import { checkJitter, type EntryOptions } from './fill.js'
import type {
  CacheOptions,
  FindOptions,
  OutageOptions,
  RememberOptions,
  WriteOptions
} from './options.js'
import type { WarmOptions } from './warm.js'
import type { WrapOptions } from './wrap.js'

export type Check = (value: unknown, name: string) => void
export type Known<O> = Readonly<Record<keyof O, Check>>

/**
 * Checks that options are an object with known names and allowed values.
 *
 * Undefined options count as omitted.
 * @param where path of the options, for messages; '' for those of the call
 * @throws CacheError WEIR_CACHE_INVALID_OPTION, WEIR_CACHE_INVALID_DURATION
 */
export function checkOptions (
  where: string,
  options: unknown,
  known: Readonly<Record<string, Check>>
): void {
  if (!isRecord(options)) {
    throw refused(
      `${where === '' ? 'options' : where} ${shown(options)}: use an object of options`
    )
  }
  for (const name of Object.keys(options)) {
    const check = Object.hasOwn(known, name) ? known[name] : undefined
    const path = where === '' ? name : `${where}.${name}`
    if (check === undefined) {
      throw refused(`${path} is not an option: the options are ${Object.keys(known).join(', ')}`)
    }
    const value = options[name]
    if (value !== undefined) check(value, path)
  }
}

export const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

export const refused = (problem: string, cause?: unknown) =>
  new CacheError('WEIR_CACHE_INVALID_OPTION', problem, cause === undefined ? undefined : { cause })

/** @throws CacheError WEIR_CACHE_INVALID_OPTION unless the value has the methods of a store */
export function checkStore (name: string, value: unknown): void {
  const has = (method: string) =>
    isRecord(value) && typeof Reflect.get(value, method) === 'function'
  if (has('namespace') && has('close')) return
  throw refused(`${name} ${shown(value)}: use a store such as memoryStore() or redisStore()`)
}

/** Accepts any value: the code that uses the option checks it. */
export const elsewhere: Check = () => {}
const boolean: Check = (value, name) => {
  if (typeof value !== 'boolean') throw refused(`${name} ${shown(value)}: use true or false`)
}
const callable: Check = (value, name) => {
  if (typeof value !== 'function') throw refused(`${name} ${shown(value)}: pass a function`)
}
const wholeNumber: Check = (value, name) => {
  if (!Number.isSafeInteger(value) || Number(value) < 1) {
    throw refused(`${name} ${shown(value)}: use a whole number from 1`)
  }
}
const oneOf = (...values: readonly string[]): Check => (value, name) => {
  if (typeof value === 'string' && values.includes(value)) return
  throw refused(`${name} ${shown(value)}: use ${values.map((known) => `'${known}'`).join(' or ')}`)
}
const signal: Check = (value, name) => {
  if (!(value instanceof AbortSignal)) throw refused(`${name} ${shown(value)}: pass an AbortSignal`)
}

const OUTAGE: Known<OutageOptions> = { onOutage: oneOf('bypass', 'stale') }
export const WRITE: Known<WriteOptions> = { consistency: oneOf('strict', 'bounded') }

export const ENTRY: Known<EntryOptions> = {
  ttl: parseDuration,
  staleWhileRevalidate: parseDuration,
  staleIfError: parseDuration,
  retain: parseDuration,
  jitter: checkJitter,
  tags: elsewhere
}
export const FOREVER: Known<Pick<EntryOptions, 'tags'> & WriteOptions> = {
  tags: elsewhere,
  ...WRITE
}
export const COUNTER: Known<CounterOptions> = { ttl: parseDuration, tags: elsewhere, ...WRITE }
export const FIND: Known<FindOptions> = { accept: oneOf('fresh', 'stale', 'retained'), ...OUTAGE }

const TIMEOUTS = { negativeTtl: parseDuration, hardTimeout: parseDuration } as const

const REMEMBER: Known<RememberOptions<unknown>> = {
  ...ENTRY, ...OUTAGE, ...TIMEOUTS, softTimeout: parseDuration, earlyRefresh: boolean
}
/**
 * Options of `remember`, `set` and similar: both accept one shared object and use what they need.
 */
export const CALL: Known<RememberOptions<unknown> & WriteOptions> = { ...REMEMBER, ...WRITE }
export const WRAP: Known<WrapOptions<never, unknown>> = {
  ...REMEMBER,
  name: elsewhere,
  key: callable
}
export const WARM: Known<WarmOptions<unknown>> = {
  ...ENTRY,
  ...TIMEOUTS,
  concurrency: elsewhere,
  onProgress: callable,
  signal
}

/** Options that several caches may share. Each is checked by the part of the cache that uses it. */
export const SHARED: Known<Omit<CacheOptions<unknown>, 'store' | 'namespace' | 'name'>> = {
  l1: elsewhere,
  serializer: elsewhere,
  compression: elsewhere,
  maxValueBytes: elsewhere,
  fillTimeout: elsewhere,
  ttl: elsewhere,
  staleWhileRevalidate: elsewhere,
  staleIfError: elsewhere,
  retain: elsewhere,
  jitter: elsewhere,
  negativeTtl: elsewhere,
  softTimeout: elsewhere,
  hardTimeout: elsewhere,
  earlyRefresh: elsewhere,
  tagPrefix: elsewhere
}
export const CREATE: Known<CacheOptions<unknown>> = {
  ...SHARED,
  store: elsewhere,
  namespace: elsewhere,
  name: elsewhere
}
export const CREATE_SEVERAL = {
  stores: elsewhere,
  caches: elsewhere,
  defaults: elsewhere,
  name: elsewhere
} as const
export const MEMORY = { maxBytes: elsewhere, maxEntries: elsewhere } as const

/** Options common to all stores. */
export const STORE = { maxTags: wholeNumber } as const
