import { types } from 'node:util'
import { shown } from '@weir/internal'
import { OutboxError } from '../errors.js'

/**
 * The value as JSON. @throws OutboxError WEIR_OUTBOX_INVALID_VALUE, with the member, if it would
 * not come back as it is
 */
export function toJson (value: unknown, key: string): string {
  const lost = findLost(value, '', 0)
  if (lost === undefined) return JSON.stringify(value)
  const what =
    lost.path === '' ? shown(lost.value) : `The value's ${lost.path}, ${shown(lost.value)},`
  throw new OutboxError('WEIR_OUTBOX_INVALID_VALUE', `${what} for ${shown(key)}`)
}

/** Levels of arrays and objects, so that a cycle ends. */
const DEEPEST = 200

interface Lost {
  readonly path: string
  readonly value: unknown
}

/** The first part of a value that JSON would leave out or change. */
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
    // Its elements and its length, no holes and nothing else.
    if (chainOf(value) !== 2 || names.length !== value.length + 1) return lost
    for (const [at, element] of value.entries()) {
      const found = Object.hasOwn(value, at) ? findLost(element, `${path}[${at}]`, depth + 1) : lost
      if (found !== undefined) return found
    }
    return undefined
  }
  // A plain object of another realm is one, too.
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

/** The number of prototypes. */
function chainOf (value: object): number {
  let count = 0
  for (
    let next: unknown = Object.getPrototypeOf(value);
    next !== null;
    next = Object.getPrototypeOf(next)
  ) { count++ }
  return count
}
