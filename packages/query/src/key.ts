import { createHash } from 'node:crypto'
import { types } from 'node:util'

/** Keys longer than this are stored by their digest. */
const LONGEST = 1000

/**
 * Returns the key of a compiled query: its SQL and its parameters with their types, so that `1` and
 * `'1'` differ.
 *
 * Undefined if a parameter is of a kind that cannot be compared.
 * @param scope represents everything else the result depends on
 */
export function keyOf (
  sql: string,
  parameters: readonly unknown[],
  scope = ''
): string | undefined {
  let key = `${scope.length}:${scope}${sql}`
  for (const parameter of parameters) {
    const text = textOf(parameter)
    if (text === undefined) return undefined
    // No length prefix: the texts are delimited, and the number of parameters follows from the SQL.
    key += `\u0000${text}`
  }
  return key.length > LONGEST
    ? `sha256:${createHash('sha256').update(key, 'utf16le').digest('base64url')}`
    : key
}

function textOf (value: unknown): string | undefined {
  switch (typeof value) {
    case 'string': return JSON.stringify(value)
    case 'number': return Object.is(value, -0) ? '-0' : String(value)
    case 'bigint': return `${value}n`
    case 'boolean': case 'undefined': return String(value)
    case 'object': return value === null ? 'null' : ofObject(value)
    default: return undefined
  }
}

function ofObject (value: object): string | undefined {
  if (Array.isArray(value)) {
    const texts = Array.from(value, textOf)
    return texts.includes(undefined) ? undefined : `[${texts.join(',')}]`
  }
  if (types.isDate(value)) return `Date(${value.getTime()})`
  if (ArrayBuffer.isView(value)) {
    return `Bytes(${Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('base64')})`
  }
  // Drivers send a plain object as JSON, with its members in their order.
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype !== Object.prototype && prototype !== null) return undefined
  const members: string[] = []
  for (const [name, member] of Object.entries(value)) {
    const text = textOf(member)
    if (text === undefined) return undefined
    members.push(`${JSON.stringify(name)}:${text}`)
  }
  return `{${members.join(',')}}`
}
