import { type Cache, type Duration, parseDuration } from '@weir/cache'
import { shown } from '@weir/internal'
import type { Outbox } from '@weir/outbox'
import { QueryError } from './errors.js'
import { givenName, isSameName } from './tags.js'

/** Options of `withQueryCache`. Tables and columns are named as in the database, in any case. */
export interface QueryCacheOptions {
  /** The cache of the results: a namespace for the queries of one database. */
  readonly cache: Pick<Cache<unknown>, 'lookup' | 'remember'>
  /** An outbox in the same database, whose `invalidate` invalidates this cache. */
  readonly outbox: Pick<Outbox, 'add' | 'deliver' | 'settle' | 'isDrained'>
  /**
   * Caches all cacheable queries for this time, or only those that read listed tables, for the
   * shortest of their times. Default: queries with `cached()`.
   */
  readonly ttl?: Duration | Readonly<Record<string, Duration>>
  /**
   * The primary key column, by table. Results of queries by it end only with their rows. Default
   * none.
   */
  readonly primaryKeys?: Readonly<Record<string, string>>
  /**
   * Other tables that change with a table: through `on delete cascade` and `on update` keys,
   * triggers, partitions, and views that read it. Default none.
   */
  readonly affects?: Readonly<Record<string, readonly string[]>>
}

/** The validated options, by lower-case names. */
export interface ResolvedOptions extends Pick<QueryCacheOptions, 'cache' | 'outbox'> {
  readonly ttl: Duration | ReadonlyMap<string, Duration> | undefined
  readonly primaryKeys: ReadonlyMap<string, string>
  /** Transitive. */
  readonly affects: ReadonlyMap<string, ReadonlySet<string>>
}

/** @throws QueryError WEIR_QUERY_INVALID_OPTION, CacheError WEIR_CACHE_INVALID_DURATION */
export function resolveOptions ({
  cache,
  outbox,
  ttl,
  primaryKeys = {},
  affects = {},
  ...others
}: QueryCacheOptions): ResolvedOptions {
  const [unknown] = Object.keys(others)
  if (unknown !== undefined) throw invalid(unknown, others, 'unknown option')
  demandMethods('cache', cache, ['lookup', 'remember'], 'createCache() of @weir/cache')
  demandMethods(
    'outbox',
    outbox,
    ['add', 'deliver', 'settle', 'isDrained'],
    'createOutbox() of @weir/outbox'
  )
  return {
    cache,
    outbox,
    ttl: resolveTtl(ttl),
    primaryKeys: byTable(
      'primaryKeys',
      primaryKeys,
      (column, option) => {
        if (typeof column !== 'string' || column === '') {
          throw invalid(option, column, 'use the name of one column')
        }
        return column
      },
      (column, other, option) => {
        if (isSameName(column, other)) return column
        throw invalid(
          option,
          other,
          `the cache treats tables of the same name as one, and another has the key ${shown(column)}: leave both out`
        )
      }
    ),
    affects: closure(
      byTable(
        'affects',
        affects,
        (others, option) => {
          if (!Array.isArray(others)) {
            throw invalid(option, others, 'use an array of table names')
          }
          return others.map((other: unknown) => givenName(option, other))
        },
        (one, other) => [...one, ...other]
      )
    )
  }
}

function resolveTtl (ttl: QueryCacheOptions['ttl']): ResolvedOptions['ttl'] {
  if (ttl === undefined) return undefined
  if (typeof ttl !== 'object') {
    parseDuration(ttl, 'ttl')
    return ttl
  }
  return byTable('ttl', ttl, (duration, option) => {
    parseDuration(duration, option)
    return duration
  }, (one, other) => parseDuration(one, 'ttl') < parseDuration(other, 'ttl') ? one : other)
}

/**
 * Returns each table with all that change with it, directly or indirectly. A table itself is
 * included only if declared.
 */
function closure (affects: ReadonlyMap<string, readonly string[]>): Map<string, Set<string>> {
  return new Map([...affects.keys()].map((table) => {
    const reached = new Set<string>()
    const follow = (from: string) => {
      for (const other of affects.get(from) ?? []) {
        if (reached.has(other)) continue
        reached.add(other)
        follow(other)
      }
    }
    follow(table)
    return [table, reached]
  }))
}

/**
 * Validates entries and indexes them by comparable names. @param merge combines entries for tables
 * of the same name in two schemas
 */
function byTable<V, R> (
  name: string,
  record: Readonly<Record<string, V>>,
  check: (value: V, option: string) => R,
  merge: (one: R, other: R, option: string) => R
): Map<string, R> {
  if (typeof record !== 'object' || record === null || Array.isArray(record)) {
    throw invalid(name, record, 'use an object keyed by table names')
  }
  const entries = new Map<string, R>()
  for (const [table, value] of Object.entries(record)) {
    const option = `${name}.${table}`
    const key = givenName(name, table)
    const checked = check(value, option)
    const before = entries.get(key)
    entries.set(key, before === undefined ? checked : merge(before, checked, option))
  }
  return entries
}

function demandMethods (
  name: string,
  value: unknown,
  methods: readonly string[],
  maker: string
): void {
  const has = (method: string) =>
    typeof value === 'object' && value !== null && typeof Reflect.get(value, method) === 'function'
  if (!methods.every(has)) throw invalid(name, value, `use the result of ${maker}`)
}

const invalid = (name: string, value: unknown, advice: string) =>
  new QueryError('WEIR_QUERY_INVALID_OPTION', `${name} ${shown(value)}: ${advice}`)
