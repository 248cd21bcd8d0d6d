import { type OperationNode, RawNode } from 'kysely'

/** Raw SQL and the nodes within it. */
export interface Raw {
  /** A `?` stands for each node. */
  readonly text: string
  /** The text before each node and after the last one. */
  readonly fragments: readonly string[]
  readonly parameters: readonly OperationNode[]
}

export const whole = ({ sqlFragments, parameters }: RawNode): Raw => ({
  text: sqlFragments.join('?'),
  fragments: sqlFragments,
  parameters
})

/**
 * Combines raw SQL and all raw SQL within it into one text: a quote or comment may start in one and
 * end in another.
 */
export function flattened (node: RawNode): Raw {
  const fragments = ['']
  const parameters: OperationNode[] = []
  const add = ({ sqlFragments, parameters: nodes }: RawNode) => {
    sqlFragments.forEach((fragment, at) => {
      fragments.push((fragments.pop() ?? '') + fragment)
      const inner = nodes[at]
      if (inner === undefined) return
      if (RawNode.is(inner)) return add(inner)
      parameters.push(inner)
      fragments.push('')
    })
  }
  add(node)
  return { text: fragments.join('?'), fragments, parameters }
}
