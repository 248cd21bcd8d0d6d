import { types } from 'node:util'
import { shown } from '@weir/internal'
import { OutboxError } from '../errors.js'

/**
 * Serializes the value as JSON. @throws OutboxError WEIR_OUTBOX_INVALID_VALUE, naming the member,
 * if JSON would change it
 */
export function toJson (value: unknown, key: string): string {
  const lost = findLost(value, '', 0)
  if (lost === undefined) return JSON.stringify(value)
  const what =
    lost.path === '' ? shown(lost.value) : `The value's ${lost.path}, ${shown(lost.value)},`
  throw new OutboxError('WEIR_OUTBOX_INVALID_VALUE', `${what} for ${shown(key)}`)
}

/** Maximum levels of arrays and objects, so that cycles end. */
const DEEPEST = 200

interface Lost {
  readonly path: string
  readonly value: unknown
}

/** Finds the first part of a value that JSON would drop or change. */
function findLost (value: unknown, path: string, depth: number): Lost | undefined {
  const lost = { path, value }
  switch (typeof value) {
    case 'string': case 'boolean': return undefined
    case 'number': return Number.isFinite(value) && !Object.is(value, -0) ? undefined : lost
    case 'object': break
    default: return lost
  }
  if (value === null) return undefined
  if (depth === DEEPEST || types.isProxy(value) || 'toJSON' in value) return lost
  const names = Reflect.ownKeys(value)
  if (Array.isArray(value)) {
    // Only elements and the length: no holes, no other members.
    if (chainOf(value) !== 2 || names.length !== value.length + 1) return lost
    for (const [at, element] of value.entries()) {
      const found = Object.hasOwn(value, at) ? findLost(element, `${path}[${at}]`, depth + 1) : lost
      if (found !== undefined) return found
    }
    return undefined
  }
  // A plain object of another realm is accepted too.
  if (
    chainOf(value) !== 1 ||
    !Object.hasOwn(Object.getPrototypeOf(value) as object, 'isPrototypeOf')
  ) { return lost }
  for (const name of names) {
    if (typeof name === 'symbol' || !Object.prototype.propertyIsEnumerable.call(value, name)) {
      return lost
    }
    const found = findLost(Reflect.get(value, name), `${path}.${name}`, depth + 1)
    if (found !== undefined) return found
  }
  return undefined
}

/** Number of prototypes. */
function chainOf (value: object): number {
  let count = 0
  for (
    let next: unknown = Object.getPrototypeOf(value);
    next !== null;
    next = Object.getPrototypeOf(next)
  ) { count++ }
  return count
}
