import {
  AliasNode,
  ColumnNode,
  type ColumnUpdateNode,
  IdentifierNode,
  type InsertQueryNode,
  PrimitiveValueListNode,
  ReferenceNode,
  SelectAllNode,
  TableNode,
  ValueListNode,
  ValuesNode,
  type OperationNode,
  type SelectQueryNode
} from 'kysely'
import { isOneValue } from './binding.js'
import { keysIn, MOST_ROWS, valueOf } from './keys-in.js'
import { isSameName, rowKey, tableName } from './tags.js'
import type { WriteNode } from './tables-of.js'

/** The primary key column of each table, by lower-case table name. */
export type PrimaryKeys = ReadonlyMap<string, string>

/** No primary keys: the rows of a statement cannot be concluded from its tree. */
export const NONE: PrimaryKeys = new Map()

/** The rows of one table that a query depends on. */
export interface Rows {
  readonly table: string
  readonly keys: readonly string[]
  /** Whether a result with as many rows as keys has one row for each key. */
  readonly isOneEach: boolean
}

/**
 * Returns the rows that a query selects by primary key; undefined if it may depend on other rows of
 * any table except joined ones.
 */
export function rowsRead (
  query: SelectQueryNode,
  tables: ReadonlyMap<string, number>,
  primaryKeys: PrimaryKeys
): Rows | undefined {
  const target = query.from?.froms.length === 1 ? targetOf(query.from.froms[0]) : undefined
  if (target === undefined || query.with !== undefined || query.setOperations !== undefined) {
    return undefined
  }
  const table = tableName(target.table)
  const column = primaryKeys.get(table)
  if (column === undefined || tables.get(table) !== 1) return undefined
  // Raw SQL at the end continues the last clause.
  if (query.endModifiers !== undefined) return undefined
  const joins = query.joins ?? []
  if (!joins.every(({ joinType }) => ROW_BY_ROW.has(joinType))) return undefined
  const keys = keysIn(query.where, column, target.name, joins.length > 0)
  if (keys === undefined) return undefined
  const isPlain =
    joins.length === 0 &&
    query.groupBy === undefined &&
    query.having === undefined &&
    (query.frontModifiers ?? []).every(({ rawModifier }) => rawModifier === undefined) &&
    (query.selections ?? []).every(({ selection }) => isColumn(selection))
  return { table, keys, isOneEach: isPlain }
}

/** Joins whose results for one row of the first table do not depend on its other rows. */
const ROW_BY_ROW = new Set([
  'InnerJoin',
  'LeftJoin',
  'CrossJoin',
  'LateralInnerJoin',
  'LateralLeftJoin'
])

/** The rows of one table that a statement writes. */
export interface Written {
  readonly table: string
  /** The rows that it may have changed; undefined: any. */
  readonly keys?: readonly string[]
  /** Whether there may be new rows with unknown keys. */
  readonly hasNewRows: boolean
}

/** @returns undefined if the statement does not name the table it writes */
export function rowsWritten (
  write: WriteNode,
  primaryKeys: PrimaryKeys
): readonly Written[] | undefined {
  const targets = targetsOf(write)
  if (targets === undefined) return undefined
  const [first] = targets
  const column = first && primaryKeys.get(tableName(first.table))
  const keys =
    targets.length === 1 && column !== undefined && first !== undefined
      ? keysWritten(write, column, first.name)
      : undefined
  return targets.map(({ table }) => ({ table, hasNewRows: false, ...keys }))
}

interface Target {
  readonly table: string
  /** The qualifier of its columns: the alias, if there is one. */
  readonly name: string
}

function targetOf (node: OperationNode | undefined): Target | undefined {
  if (node === undefined) return undefined
  if (TableNode.is(node)) {
    return { table: node.table.identifier.name, name: node.table.identifier.name }
  }
  const target = AliasNode.is(node) ? targetOf(node.node) : undefined
  if (target === undefined || !AliasNode.is(node) || !IdentifierNode.is(node.alias)) {
    return undefined
  }
  return { table: target.table, name: node.alias.name }
}

function targetsOf (write: WriteNode): readonly Target[] | undefined {
  const targets = nodesOf(write).map(targetOf)
  const known = targets.filter((target) => target !== undefined)
  return known.length === targets.length && known.length > 0 ? known : undefined
}

function nodesOf (write: WriteNode): readonly (OperationNode | undefined)[] {
  switch (write.kind) {
    case 'InsertQueryNode':
    case 'MergeQueryNode':
      return [write.into]
    case 'DeleteQueryNode':
      return [...write.from.froms, ...(write.using?.tables ?? [])]
    case 'UpdateQueryNode':
      return write.table !== undefined && 'items' in write.table
        ? (write.table.items as OperationNode[])
        : [write.table]
  }
}

function keysWritten (
  write: WriteNode,
  column: string,
  name: string
): Pick<Written, 'keys' | 'hasNewRows'> | undefined {
  if (write.endModifiers !== undefined) return undefined
  if (write.kind === 'InsertQueryNode') return keysInserted(write, column)
  if (write.kind === 'MergeQueryNode' || write.joins !== undefined) return undefined
  if (
    write.kind === 'UpdateQueryNode' &&
    (write.from !== undefined || !leaves(write.updates, column))
  ) { return undefined }
  const keys = keysIn(write.where, column, name, false)
  return keys && { keys, hasNewRows: false }
}

function keysInserted (
  insert: InsertQueryNode,
  column: string
): Pick<Written, 'keys' | 'hasNewRows'> | undefined {
  const { onConflict, onDuplicateKey, orAction, replace, values, columns = [] } = insert
  // A row other than the new one may conflict with it through another column.
  if (replace === true || onDuplicateKey !== undefined || orAction?.action === 'replace') {
    return undefined
  }
  const updates = onConflict?.doNothing === true ? undefined : onConflict?.updates
  if (updates !== undefined) {
    const [only, ...others] = onConflict?.columns ?? []
    if (
      only === undefined ||
      others.length > 0 ||
      !isSameName(only.column.name, column) ||
      !leaves(updates, column)
    ) { return undefined }
  }
  if (columns.some((each) => isRowid(each.column.name))) return undefined
  const rows = values !== undefined && ValuesNode.is(values) ? values.values : []
  if (!rows.every((row) => !ValueListNode.is(row) || row.values.every(isOneValue))) return undefined
  const place = columns.findIndex((each) => isSameName(each.column.name, column))
  const keys =
    values !== undefined && ValuesNode.is(values) && place !== -1
      ? values.values.map((row) =>
        rowKey(PrimitiveValueListNode.is(row) ? row.values[place] : valueOf(row.values[place]))
      )
      : [undefined]
  const known = keys.filter((key) => key !== undefined)
  const hasNewRows = known.length < keys.length
  return keys.length > MOST_ROWS || (hasNewRows && updates !== undefined)
    ? undefined
    : { keys: known, hasNewRows }
}

/** Reports whether the primary key stays unchanged. */
const leaves = (updates: readonly ColumnUpdateNode[] | undefined, key: string) =>
  updates?.every(
    ({ column, value }) =>
      ColumnNode.is(column) &&
      !isSameName(column.column.name, key) &&
      !isRowid(column.column.name) &&
      isOneValue(value)
  ) === true

/** SQLite's other names of an integer primary key. */
const isRowid = (name: string) => /^(?:rowid|oid|_rowid_)$/i.test(name)

function isColumn (node: OperationNode): boolean {
  return (
    ReferenceNode.is(node) ||
    ColumnNode.is(node) ||
    SelectAllNode.is(node) ||
    (AliasNode.is(node) && isColumn(node.node))
  )
}
