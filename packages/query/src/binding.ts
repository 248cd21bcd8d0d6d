import {
  AndNode,
  type BinaryOperationNode,
  type CaseNode,
  type FunctionNode,
  type OperationNode,
  OperatorNode,
  type RawNode,
  type UnaryOperationNode,
  ValueNode,
  type WhenNode
} from 'kysely'
import { flattened, type Raw } from './raw.js'

// Kysely puts raw SQL between its own as it is, without parentheses: `id = 1 and price > 5 or true`
// is every row, although the tree says "row 1, and …". The rows of a statement are therefore
// concluded from its tree only if all raw SQL in it binds as the tree says.

/** Matches a text or a quoted name, without escapes. */
const QUOTED = /'(?:[^']|'')*'|"(?:[^"]|"")*"/g

/** SQL that ends a statement, or that databases or their versions read differently. */
const UNCERTAIN = /['"`\\;$]|--|\/\*|\*\/|[^\P{Cc}\s]|(?<![\p{L}\p{N}_])\d[\d.]*[\p{L}_]/u

const ENCLOSED = /\([^()[\]]*\)|\[[^()[\]]*\]/g
const CASE = /\bcase\b(?:(?!\b(?:case|end)\b)[^])*\bend\b/gi
const BETWEEN = /\bbetween\b(?:(?!\b(?:between|and|or)\b)[^])*\band\b/gi

/**
 * Returns raw SQL without all that is enclosed in it by quotes, parentheses, `case … end` and
 * `between … and`. Undefined if it is not certain that all in it ends within it.
 */
function surfaceOf (text: string): string | undefined {
  let rest = text.replace(QUOTED, ' ')
  // SQLite quotes names with brackets, too.
  if (UNCERTAIN.test(rest) || (rest.includes('[') && rest !== text)) return undefined
  for (const pattern of [ENCLOSED, CASE, BETWEEN]) {
    for (let before = ''; before !== rest;) {
      before = rest
      rest = rest.replace(pattern, ' ')
    }
  }
  return /[()[\]]/.test(rest) ? undefined : rest
}

/** Words that continue an expression or a clause beyond the raw SQL that contains them. */
const OPEN =
  /,|\b(?:between|case|when|then|else|end|where|group|having|window|order|limit|offset|fetch|for|union|intersect|except|returning|into|do)\b/i

/** Reports whether all quotes, comments and parentheses in raw SQL end within it. */
export function isClosed ({ text, fragments, parameters }: Raw): boolean {
  return surfaceOf(text) !== undefined && parameters.every((parameter, at) =>
    // Two minus signs are a comment.
    isEnclosed(parameter) || fragments[at]?.endsWith('-') !== true
  )
}

/** Reports whether the name of a function is one. Kysely compiles it as it is. */
export const isFunctionName = (name: string): boolean => /^[\p{L}\p{N}_."]+$/u.test(name)

/** Nodes that are compiled to one name, one value, or SQL between parentheses. */
const DELIMITED: ReadonlySet<string> = new Set([
  'AggregateFunctionNode',
  'CastNode',
  'ColumnNode',
  'DefaultInsertValueNode',
  'FunctionNode',
  'IdentifierNode',
  'JSONReferenceNode',
  'OperatorNode',
  'ParensNode',
  'PrimitiveValueListNode',
  'ReferenceNode',
  'SelectQueryNode',
  'TableNode',
  'TupleNode',
  'ValueListNode',
  'ValueNode'
])

const isEnclosed = (node: OperationNode) =>
  DELIMITED.has(node.kind) &&
  !(ValueNode.is(node) && node.immediate === true && typeof node.value !== 'string')

/**
 * Reports whether a value stays one value within a list, as it is compiled.
 *
 * Relies on all raw SQL of the statement being closed.
 */
export const isOneValue = (node: OperationNode): boolean => isOne(node, false)

/** Reports whether a condition stays one operand of `and`, as it is compiled. */
export const isOneOperand = (node: OperationNode): boolean => isOne(node, true)

function isOne (node: OperationNode, isOperand: boolean): boolean {
  const isPart = (part: OperationNode | undefined) => part === undefined || isOne(part, isOperand)
  switch (node.kind) {
    case 'FunctionNode':
    case 'AggregateFunctionNode':
      return isFunctionName((node as FunctionNode).func)
    case 'BinaryOperationNode': {
      const { leftOperand, operator, rightOperand } = node as BinaryOperationNode
      return isPart(leftOperand) && isPart(operator) && (isBetween(operator)
        ? AndNode.is(rightOperand) && isPart(rightOperand.left) && isPart(rightOperand.right)
        : isPart(rightOperand))
    }
    case 'UnaryOperationNode': {
      const { operator, operand } = node as UnaryOperationNode
      return isPart(operator) && isPart(operand)
    }
    case 'CaseNode': {
      const { value, when, else: otherwise } = node as CaseNode
      return [value, ...(when ?? []), otherwise].every(isPart)
    }
    case 'WhenNode': {
      const { condition, result } = node as WhenNode
      return isPart(condition) && isPart(result)
    }
    case 'RawNode': {
      const { text, parameters } = flattened(node as RawNode)
      const surface = surfaceOf(text)
      return (
        surface !== undefined &&
        !OPEN.test(surface) &&
        !(isOperand && /\bor\b/i.test(surface)) &&
        parameters.every(isPart)
      )
    }
    default:
      return DELIMITED.has(node.kind)
  }
}

const isBetween = (operator: OperationNode) =>
  OperatorNode.is(operator) && operator.operator.startsWith('between')
