import { type Duration, parseDuration } from '@weir/cache'
import { shown } from '@weir/internal'
import { type KyselyPlugin, QueryCreator } from 'kysely'
import { QueryError } from './errors.js'
import { Mark } from './mark.js'
import { givenName } from './tags.js'

/** Options of {@link cached}. */
export interface CachedOptions {
  /**
   * Lifetime of the result, in ms or as text such as `'1m'`. Default: the `ttl` of
   * `withQueryCache`. `0`: not cached.
   */
  readonly ttl?: Duration
  /** Tags besides those of the tables that it reads. */
  readonly tags?: readonly string[]
  /** Tables that raw SQL and functions in the query read, as they are named in the database. */
  readonly tables?: readonly string[]
  /**
   * Represents everything else that the result depends on besides SQL and parameters, such as a
   * tenant's `search_path`.
   */
  readonly key?: string
}

/** Options of {@link invalidates}. */
export interface InvalidatesOptions {
  /**
   * Tables that the statement may write, as they are named in the database. `[]`: no cached table.
   */
  readonly tables?: readonly string[]
  /** Tags besides those of its tables. */
  readonly tags?: readonly string[]
}

/** Builders of queries and of raw SQL, and a whole database. */
export interface Markable<Q> {
  withPlugin (plugin: KyselyPlugin): Q
}

/**
 * Caches the result of a query until one of the tables that it reads is written.
 *
 * Applied to a whole database, it affects its selects.
 * @throws CacheError WEIR_CACHE_INVALID_DURATION; QueryError WEIR_QUERY_INVALID_OPTION; when the
 *   query is executed, QueryError WEIR_QUERY_UNKNOWN_TABLES or WEIR_QUERY_NOT_CACHEABLE
 * @example
 * const top = await cachedDb.selectFrom('products').selectAll().orderBy('sold', 'desc').limit(20)
 *   .$call(cached({ ttl: '1m' }))
 *   .execute()
 * @example
 * const { rows } = await cached({ ttl: '1m', tables: ['products'] })(
 *   sql<Count>`select count(*) as n from products`
 * ).execute(cachedDb)
 */
export function cached (options: CachedOptions = {}): <Q extends Markable<Q>>(query: Q) => Q {
  check(options, ['ttl', 'tags', 'tables', 'key'])
  if (options.ttl !== undefined) parseDuration(options.ttl, 'ttl')
  if (options.key !== undefined && typeof options.key !== 'string') {
    throw invalid('key', options.key, 'use a string')
  }
  const [own, all] = [
    new Mark({ cached: options, isOwnQuery: true }),
    new Mark({ cached: options, isOwnQuery: false })
  ]
  // A database also writes: its writes must not count as queries to be cached.
  return (query) => query.withPlugin(query instanceof QueryCreator ? all : own)
}

/**
 * Declares what a statement writes, if the statement does not show it: raw SQL, and functions and
 * procedures that write.
 * @throws QueryError WEIR_QUERY_INVALID_OPTION
 * @example
 * await invalidates({ tables: ['products'] })(
 *   sql`update products set price = price * 1.1`
 * ).execute(cachedDb)
 */
export function invalidates (options: InvalidatesOptions): <Q extends Markable<Q>>(query: Q) => Q {
  check(options, ['tables', 'tags'])
  const mark = new Mark({ invalidates: options })
  return (query) => query.withPlugin(mark)
}

function check (options: CachedOptions & InvalidatesOptions, names: readonly string[]): void {
  if (typeof options !== 'object' || options === null) {
    throw invalid('options', options, 'use an object')
  }
  const unknown = Object.keys(options).find((name) => !names.includes(name))
  if (unknown !== undefined) {
    throw invalid(
      unknown,
      Reflect.get(options, unknown),
      `unknown option: the options are ${names.join(', ')}`
    )
  }
  checkTexts('tables', options.tables)
  options.tables?.forEach((table) => givenName('tables', table))
  checkTexts('tags', options.tags)
}

function checkTexts (name: string, texts: unknown): void {
  if (texts === undefined) return
  if (!Array.isArray(texts)) throw invalid(name, texts, 'use an array of strings')
  for (const text of texts as readonly unknown[]) {
    if (typeof text !== 'string' || text === '') {
      throw invalid(name, text, 'use non-empty strings')
    }
  }
}

const invalid = (name: string, value: unknown, advice: string) =>
  new QueryError('WEIR_QUERY_INVALID_OPTION', `${name} ${shown(value)}: ${advice}`)
