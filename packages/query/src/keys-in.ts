import {
  AndNode,
  BinaryOperationNode,
  ColumnNode,
  type OperationNode,
  OperatorNode,
  ParensNode,
  PrimitiveValueListNode,
  ReferenceNode,
  ValueListNode,
  ValueNode,
  type WhereNode
} from 'kysely'
import { isOneOperand } from './binding.js'
import { isSameName, rowKey } from './tags.js'

/** Maximum number of individual rows per query that are tracked separately. */
export const MOST_ROWS = 100

/**
 * Returns the primary key values that the condition requires, whatever its other parts. Undefined
 * unless each part of it binds, as it is compiled, as the tree says.
 */
export function keysIn (
  where: WhereNode | undefined,
  column: string,
  name: string,
  isQualified: boolean
): string[] | undefined {
  const keysOf = (condition: OperationNode): string[] | undefined => {
    if (ParensNode.is(condition)) return keysOf(condition.node)
    const parts = conjuncts(condition)
    if (!parts.every(isOneOperand)) return undefined
    for (const part of parts) {
      const keys = ParensNode.is(part) ? keysOf(part.node) : keysCompared(part)
      if (keys !== undefined) return keys
    }
    return undefined
  }
  const keysCompared = (condition: OperationNode) => {
    if (!BinaryOperationNode.is(condition) || !OperatorNode.is(condition.operator)) return undefined
    if (!isKey(condition.leftOperand, column, name, isQualified)) return undefined
    const values = valuesOf(condition.operator.operator, condition.rightOperand)
    if (values === undefined || values.length > MOST_ROWS) return undefined
    const keys = values.map(rowKey)
    const known = keys.filter((key) => key !== undefined)
    return known.length === keys.length ? known : undefined
  }
  return where && keysOf(where.where)
}

const conjuncts = (node: OperationNode): OperationNode[] =>
  AndNode.is(node) ? [...conjuncts(node.left), ...conjuncts(node.right)] : [node]

function isKey (node: OperationNode, column: string, name: string, isQualified: boolean): boolean {
  if (
    !ReferenceNode.is(node) ||
    !ColumnNode.is(node.column) ||
    !isSameName(node.column.column.name, column)
  ) { return false }
  return node.table === undefined
    ? !isQualified
    : isSameName(node.table.table.identifier.name, name)
}

function valuesOf (operator: string, node: OperationNode): readonly unknown[] | undefined {
  if (operator === '=') return ValueNode.is(node) ? [node.value] : undefined
  if (operator !== 'in') return undefined
  if (PrimitiveValueListNode.is(node)) return node.values
  return ValueListNode.is(node) ? node.values.map(valueOf) : undefined
}

/** Returns the value of a node; undefined if it is an expression. */
export const valueOf = (node: OperationNode | undefined): unknown =>
  node !== undefined && ValueNode.is(node) ? node.value : undefined
