import {
  type BinaryOperationNode,
  type ColumnNode,
  type CommonTableExpressionNode,
  type DeleteQueryNode,
  type FunctionNode,
  IdentifierNode,
  type InsertQueryNode,
  type MergeQueryNode,
  type OperationNode,
  OperatorNode,
  RawNode,
  type ReferenceNode,
  type SelectModifierNode,
  type TableNode,
  type UpdateQueryNode,
  type ValueNode,
  type WithNode
} from 'kysely'
import { isClosed, isFunctionName } from './binding.js'
import { flattened, whole } from './raw.js'
import { tableName } from './tags.js'
import { isHelper, isPure, isSourceOfNodes, mayWrite, namesNoTable } from './words.js'

export type WriteNode = InsertQueryNode | UpdateQueryNode | DeleteQueryNode | MergeQueryNode

/** The parts of a statement that matter to the cache. */
export interface Survey {
  /** Number of occurrences of each table. There may be more names than tables. */
  readonly tables: Map<string, number>
  /** The inserts, updates, deletes and merges: the statement itself, and those of its CTEs. */
  readonly writes: WriteNode[]
  /** Raw SQL or a function that may read any table. */
  opaque?: string
  /** Raw SQL that may write any table. */
  opaqueWrite?: string
  /** The part that makes the statement do more than read. */
  unrepeatable?: string
  /** Whether the SQL has the structure of the tree: all in raw SQL that begins there ends there. */
  isClosed: boolean
}

/**
 * Walks a statement's tree as Kysely compiles it, after its plugins.
 *
 * The name of a CTE in scope is not a table; a table of that name that the CTE itself reads is one.
 */
export function survey (root: OperationNode): Survey {
  const found: Survey = { tables: new Map(), writes: [], isClosed: true }
  new Walk(found).visit(root, new Set())
  return found
}

type Scope = ReadonlySet<string>

class Walk {
  readonly #found: Survey

  constructor (found: Survey) {
    this.#found = found
  }

  /** @param isSource whether a table may occur here, so that a bare name is one */
  visit (node: OperationNode, scope: Scope, isSource = false): void {
    switch (node.kind) {
      // Values come from the application and are not inspected; values inlined into the SQL may
      // name a table here.
      case 'ValueNode':
        if (isSource) this.#literal(node as ValueNode)
        return
      case 'PrimitiveValueListNode':
      case 'DataTypeNode':
        return
      // The table of a column is one of those in the query, or an alias.
      case 'ReferenceNode':
        if (isSource) this.#reference(node as ReferenceNode)
        return
      case 'ColumnNode':
        if (isSource) this.#name((node as ColumnNode).column)
        return
      case 'IdentifierNode':
        if (isSource) this.#name(node as IdentifierNode)
        return
      case 'TableNode':
        return this.#table(node as TableNode, scope)
      case 'RawNode':
        return this.#raw(node as RawNode, scope, isSource)
      case 'FunctionNode':
      case 'AggregateFunctionNode':
        this.#function((node as FunctionNode).func)
        break
      case 'SelectModifierNode':
        return this.#modifier(node as SelectModifierNode, scope)
      case 'ExplainNode':
        this.#found.unrepeatable ??= 'explains'
        return
      case 'BinaryOperationNode':
        return this.#operation(node as BinaryOperationNode, scope)
      case 'InsertQueryNode':
      case 'UpdateQueryNode':
      case 'DeleteQueryNode':
      case 'MergeQueryNode':
        this.#found.writes.push(node as WriteNode)
    }
    const { with: ctes } = node as { with?: WithNode }
    const inner = ctes === undefined ? scope : this.#ctes(ctes, scope)
    const isFrom =
      SOURCES.has(node.kind) ||
      (isSource && (node.kind === 'AliasNode' || node.kind === 'ParensNode'))
    for (const [name, child] of Object.entries(node)) {
      if (child === ctes) continue
      if (Array.isArray(child)) {
        child.forEach((each) => {
          if (isNode(each)) this.visit(each, inner, isFrom)
        })
      } else if (isNode(child)) {
        // An alias may be raw SQL that contains more than a name.
        this.visit(
          child,
          inner,
          isFrom && name !== 'on' && !(name === 'alias' && IdentifierNode.is(child))
        )
      }
    }
  }

  /**
   * Each CTE sees the earlier ones, and itself if it is recursive. @returns the scope of the query
   * they belong to
   */
  #ctes ({ expressions, recursive = false }: WithNode, outer: Scope): Scope {
    const scope = new Set(outer)
    for (const cte of expressions) {
      const name = nameOf(cte)
      if (recursive) scope.add(name)
      this.visit(cte.expression, new Set(scope), true)
      scope.add(name)
    }
    return scope
  }

  #table ({ table: { schema, identifier } }: TableNode, scope: Scope): void {
    if (schema === undefined && scope.has(identifier.name)) return
    this.#name(identifier)
  }

  #name ({ name }: Pick<IdentifierNode, 'name'>): void {
    const { tables } = this.#found
    const table = tableName(name)
    tables.set(table, (tables.get(table) ?? 0) + 1)
  }

  /**
   * The name of a table as written with `sql.ref`: elsewhere its last part is a column. CTEs count
   * as tables, which only costs misses.
   */
  #reference ({ table, column }: ReferenceNode): void {
    if (table !== undefined) this.#name(table.table.identifier)
    if (column.kind === 'ColumnNode') this.#name(column.column)
  }

  #literal ({ value, immediate }: ValueNode): void {
    if (immediate === true && typeof value === 'string') this.#name({ name: value })
  }

  /** SQLite's `in` without parentheses reads a table. */
  #operation (node: BinaryOperationNode, scope: Scope): void {
    const isIn = OperatorNode.is(node.operator) && /\bin$/.test(node.operator.operator)
    this.visit(node.leftOperand, scope)
    this.visit(node.operator, scope)
    this.visit(
      node.rightOperand,
      scope,
      isIn && !(RawNode.is(node.rightOperand) && /^\s*\(/.test(flattened(node.rightOperand).text))
    )
  }

  #raw (node: RawNode, scope: Scope, isSource: boolean): void {
    // The part inserted into a helper is inspected separately.
    const helper = isHelper(node.sqlFragments.join('?'))
    const raw = helper ? whole(node) : flattened(node)
    const { text, fragments, parameters } = raw
    if (!helper && !isClosed(raw)) this.#found.isClosed = false
    if (!helper && !(isSource ? isSourceOfNodes(text) : namesNoTable(text))) {
      this.#found.opaque ??= `the raw SQL ${shortened(text)}`
      if (mayWrite(text)) this.#found.opaqueWrite ??= text
    }
    parameters.forEach((parameter, at) => {
      this.visit(
        parameter,
        scope,
        (isSource && !helper) || /\b(?:from|in)\s*$/i.test(fragments[at] ?? '')
      )
    })
  }

  #function (name: string): void {
    if (!isFunctionName(name)) this.#found.isClosed = false
    if (isPure(name)) return
    this.#found.opaque ??= `the function ${name}()`
  }

  #modifier ({ modifier, rawModifier }: SelectModifierNode, scope: Scope): void {
    if (rawModifier !== undefined) this.visit(rawModifier, scope)
    else if (modifier !== 'Distinct') this.#found.unrepeatable ??= 'locks rows'
  }
}

/** Clauses that name tables. */
const SOURCES = new Set(['FromNode', 'JoinNode', 'UsingNode', 'SetOperationNode'])

const nameOf = ({ name }: CommonTableExpressionNode) => name.table.table.identifier.name
const shortened = (text: string) =>
  JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text)

const isNode = (value: unknown): value is OperationNode =>
  typeof value === 'object' && value !== null && 'kind' in value && typeof value.kind === 'string'
