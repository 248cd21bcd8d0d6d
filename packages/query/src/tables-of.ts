import type {
  CommonTableExpressionNode, DeleteQueryNode, FunctionNode, InsertQueryNode, MergeQueryNode, OperationNode, RawNode, SelectModifierNode,
  TableNode, UpdateQueryNode, WithNode
} from 'kysely'
import { tableName } from './tags.js'
import { hasNoWords, isPure, locks, mayWrite, namesNoTable, volatilePart } from './words.js'

export type WriteNode = InsertQueryNode | UpdateQueryNode | DeleteQueryNode | MergeQueryNode

/** All that matters to the cache in a statement. */
export interface Survey {
  /** The number of times that each table is named. There may be more names than tables. */
  readonly tables: Map<string, number>
  /** The inserts, updates, deletes and merges: the statement itself, and those of its CTEs. */
  readonly writes: WriteNode[]
  /** Raw SQL or a function that may read any table. */
  opaque?: string
  /** Raw SQL that may write any table. */
  opaqueWrite?: string
  /** Makes the statement one that gives another result each time, or does more than read. */
  unrepeatable?: string
}

/**
 * Walks a statement's tree, as Kysely compiles it: after its plugins. The name of a CTE is no table where it is in scope;
 * a table of that name that the CTE itself reads is one.
 */
export function survey (root: OperationNode): Survey {
  const found: Survey = { tables: new Map(), writes: [] }
  new Walk(found).visit(root, new Set())
  return found
}

type Scope = ReadonlySet<string>

class Walk {
  readonly #found: Survey

  constructor (found: Survey) {
    this.#found = found
  }

  visit (node: OperationNode, scope: Scope, isSource = false): void {
    switch (node.kind) {
      // Values are the application's, whatever they look like.
      case 'ValueNode': case 'PrimitiveValueListNode': return
      // The table of a column is one of those in the query, or an alias.
      case 'ReferenceNode': case 'ColumnNode': case 'DataTypeNode': return
      case 'TableNode': return this.#table(node as TableNode, scope)
      case 'RawNode': return this.#raw(node as RawNode, scope, isSource)
      case 'FunctionNode': case 'AggregateFunctionNode': this.#function((node as FunctionNode).func); break
      case 'SelectModifierNode': return this.#modifier(node as SelectModifierNode, scope)
      case 'ExplainNode': this.#found.unrepeatable ??= 'explains'; return
      case 'InsertQueryNode': case 'UpdateQueryNode': case 'DeleteQueryNode': case 'MergeQueryNode':
        this.#found.writes.push(node as WriteNode)
    }
    const { with: ctes } = node as { with?: WithNode }
    const inner = ctes === undefined ? scope : this.#ctes(ctes, scope)
    const isFrom = node.kind === 'FromNode' || node.kind === 'JoinNode' || node.kind === 'UsingNode' || (isSource && node.kind === 'AliasNode')
    for (const [name, child] of Object.entries(node)) {
      if (child === ctes) continue
      const source = isFrom && name !== 'on'
      if (Array.isArray(child)) child.forEach((each) => { if (isNode(each)) this.visit(each, inner, source) })
      else if (isNode(child)) this.visit(child, inner, source)
    }
  }

  /** Each sees those before it, and if it is recursive itself. @returns the scope of the query that has them */
  #ctes ({ expressions, recursive = false }: WithNode, outer: Scope): Scope {
    const scope = new Set(outer)
    for (const cte of expressions) {
      const name = nameOf(cte)
      if (recursive) scope.add(name)
      this.visit(cte.expression, new Set(scope))
      scope.add(name)
    }
    return scope
  }

  #table ({ table: { schema, identifier } }: TableNode, scope: Scope): void {
    if (schema === undefined && scope.has(identifier.name)) return
    const { tables } = this.#found
    const name = tableName(identifier.name)
    tables.set(name, (tables.get(name) ?? 0) + 1)
  }

  #raw ({ sqlFragments, parameters }: RawNode, scope: Scope, isSource: boolean): void {
    const text = sqlFragments.join('?')
    if (isSource ? !hasNoWords(text) : !namesNoTable(text)) {
      this.#found.opaque ??= `the raw SQL ${shortened(text)}`
      if (mayWrite(text)) this.#found.opaqueWrite ??= text
      const part = locks(text) ? 'locks rows' : volatilePart(text)
      if (part !== undefined) this.#found.unrepeatable ??= part === 'locks rows' ? part : uses(part)
    }
    for (const parameter of parameters) this.visit(parameter, scope, isSource)
  }

  #function (name: string): void {
    if (isPure(name)) return
    const part = volatilePart(`${name}(`)
    if (part !== undefined) this.#found.unrepeatable ??= uses(part)
    this.#found.opaque ??= `the function ${name}()`
  }

  #modifier ({ modifier, rawModifier }: SelectModifierNode, scope: Scope): void {
    if (rawModifier !== undefined) this.visit(rawModifier, scope)
    else if (modifier !== 'Distinct') this.#found.unrepeatable ??= 'locks rows'
  }
}

const nameOf = ({ name }: CommonTableExpressionNode) => name.table.table.identifier.name
const uses = (part: string) => `uses ${part.replace(/\s*\($/, '()')}, which is another each time`
const shortened = (text: string) => JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text)

const isNode = (value: unknown): value is OperationNode =>
  typeof value === 'object' && value !== null && 'kind' in value && typeof value.kind === 'string'
