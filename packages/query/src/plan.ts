import type { Duration } from '@weir/cache'
import { parseDuration } from '@weir/cache'
import type { CompiledQuery } from 'kysely'
import type { CachedOptions } from './cached.js'
import { volatilePart } from './clock.js'
import { QueryError } from './errors.js'
import type { ResolvedOptions } from './options.js'
import { isRawQuery } from './raw-statement.js'
import { NONE, rowsRead } from './rows-of.js'
import { survey } from './tables-of.js'
import { ALL, newRowTag, rowsTag, rowTag, tableName, tableTag } from './tags.js'
import { locks } from './words.js'

/** The way to cache a result. */
export interface Plan {
  readonly ttl: Duration
  /** Returns the tags, which depend on the number of rows: a missing row may appear. */
  readonly tags: (rows: number) => readonly string[]
}

/**
 * Plans the caching of a query.
 * @returns undefined if caching was not requested
 * @throws QueryError WEIR_QUERY_UNKNOWN_TABLES, WEIR_QUERY_NOT_CACHEABLE, WEIR_QUERY_INVALID_OPTION
 */
export function planOf (
  { query, sql, parameters }: CompiledQuery,
  said: CachedOptions | undefined,
  options: ResolvedOptions
): Plan | undefined {
  const { tables, writes, opaque, opaqueWrite, unrepeatable, isClosed } = survey(query)
  const declared = said?.tables?.map(tableName)
  if (writes.length > 0 || (opaqueWrite !== undefined && declared === undefined)) {
    throw new QueryError('WEIR_QUERY_NOT_CACHEABLE', 'writes')
  }
  if (query.kind === 'RawNode' && !isRawQuery(sql)) {
    throw new QueryError('WEIR_QUERY_NOT_CACHEABLE', 'is not a select')
  }
  if (unrepeatable !== undefined) throw new QueryError('WEIR_QUERY_NOT_CACHEABLE', unrepeatable)
  if (locks(sql)) throw new QueryError('WEIR_QUERY_NOT_CACHEABLE', 'locks rows')
  // The SQL as the database receives it: a function may be named by a node, by raw SQL or by both.
  const part = volatilePart(sql, parameters)
  if (part !== undefined) {
    throw new QueryError(
      'WEIR_QUERY_NOT_CACHEABLE',
      `uses ${part.replace(/\s*\($/, '()')}, which returns a different value each time`
    )
  }
  if (tables.has(OUTBOX_TABLE)) {
    throw new QueryError('WEIR_QUERY_NOT_CACHEABLE', 'reads the outbox')
  }
  if (opaque !== undefined && declared === undefined) {
    throw new QueryError('WEIR_QUERY_UNKNOWN_TABLES', opaque)
  }
  const read = new Set([...tables.keys(), ...(declared ?? [])])
  const ttl = said?.ttl ?? ttlOf(read, options.ttl)
  if (ttl === undefined) {
    if (said === undefined) return undefined
    throw new QueryError(
      'WEIR_QUERY_INVALID_OPTION',
      'cached() without a ttl: set one there, or in withQueryCache()'
    )
  }
  const others = said?.tags ?? []
  const rows =
    query.kind === 'SelectQueryNode' && declared === undefined
      ? rowsRead(query, tables, isClosed ? options.primaryKeys : NONE)
      : undefined
  if (rows === undefined) return { ttl, tags: () => [ALL, ...[...read].map(tableTag), ...others] }
  const { table, keys, isOneEach } = rows
  read.delete(table)
  const tags = [
    ALL,
    rowsTag(table),
    ...new Set(keys.map((key) => rowTag(table, key))),
    ...[...read].map(tableTag),
    ...others
  ]
  return {
    ttl,
    tags: (found) => (isOneEach && found === keys.length ? tags : [...tags, newRowTag(table)])
  }
}

/** The outbox's own table, which is not cached. */
export const OUTBOX_TABLE = 'weir_outbox_tags'

/** Returns the shortest of the tables' times; undefined unless each has one. */
function ttlOf (tables: ReadonlySet<string>, ttl: ResolvedOptions['ttl']): Duration | undefined {
  if (ttl === undefined || typeof ttl !== 'object') return ttl
  const times = [...tables].map((table) => ttl.get(table))
  const known = times.filter((time) => time !== undefined)
  if (known.length === 0 || known.length < times.length) return undefined
  return Math.min(...known.map((time) => parseDuration(time, 'ttl')))
}
