import type { CompiledQuery } from 'kysely'
import type { InvalidatesOptions } from './cached.js'
import { emit } from './events.js'
import type { ResolvedOptions } from './options.js'
import { OUTBOX_TABLE } from './plan.js'
import { rawMayWrite } from './raw-statement.js'
import { NONE, type PrimaryKeys, rowsWritten, type Written } from './rows-of.js'
import { survey, type WriteNode } from './tables-of.js'
import { ALL, newRowTag, rowTag, tableName, tableTag, tagsOfTable } from './tags.js'
import { mayWrite } from './words.js'

/**
 * Returns the tags of all results that a statement may change; undefined if it only reads.
 * @throws QueryError WEIR_QUERY_RAW_TRANSACTION
 */
export function changesOf (
  { query, sql }: CompiledQuery, said: InvalidatesOptions | undefined, options: ResolvedOptions
): readonly string[] | undefined {
  const declared = said && [
    ...(said.tables ?? []).flatMap((table) => unspecific(table, options)),
    ...(said.tags ?? [])
  ]
  switch (query.kind) {
    case 'RawNode':
      if (!rawMayWrite(sql)) return declared
      return said?.tables === undefined ? [...cleared(sql), ...(declared ?? [])] : declared
    case 'SelectQueryNode':
      if (!mayWrite(sql)) return declared
      break
    case 'InsertQueryNode':
    case 'UpdateQueryNode':
    case 'DeleteQueryNode':
    case 'MergeQueryNode':
      break
    default:
      return cleared(sql)
  }
  const { writes, opaqueWrite, isClosed } = survey(query)
  if (writes.length === 0 && opaqueWrite === undefined) return declared
  const tags = new Set(declared)
  if (opaqueWrite !== undefined && said?.tables === undefined) {
    cleared(sql).forEach((tag) => tags.add(tag))
  }
  const primaryKeys = isClosed ? options.primaryKeys : NONE
  for (const write of writes) {
    const known = tagsOf(write, primaryKeys, options)
    for (const tag of known ?? (said?.tables === undefined ? cleared(sql) : [])) {
      tags.add(tag)
    }
  }
  return tags.size === 0 ? undefined : [...tags]
}

function tagsOf (
  write: WriteNode, primaryKeys: PrimaryKeys, options: ResolvedOptions
): string[] | undefined {
  const written = rowsWritten(write, primaryKeys)
  return written
    ?.filter(({ table }) => tableName(table) !== OUTBOX_TABLE)
    .flatMap((each) => tagsOfRows(each, options))
}

function tagsOfRows ({ table, keys, hasNewRows }: Written, options: ResolvedOptions): string[] {
  if (keys === undefined) return unspecific(table, options)
  return [
    tableTag(table),
    ...keys.map((key) => rowTag(table, key)),
    ...(hasNewRows ? [newRowTag(table)] : []),
    ...affected(table, options)
  ]
}

const unspecific = (table: string, options: ResolvedOptions) => [
  ...tagsOfTable(table),
  ...affected(table, options)
]

const affected = (table: string, { affects }: ResolvedOptions) =>
  [...(affects.get(tableName(table)) ?? [])].flatMap(tagsOfTable)

function cleared (sql: string): string[] {
  emit('weir:query:clear', { sql })
  return [ALL]
}
