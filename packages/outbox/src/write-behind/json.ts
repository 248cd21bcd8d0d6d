import { shown } from '@weir/internal'
import { OutboxError } from '../errors.js'

/** The value as JSON. @throws OutboxError WEIR_OUTBOX_INVALID_VALUE if it would not come back as it is */
export function toJson (value: unknown, key: string): string {
  if (!isJson(value, 0)) {
    throw new OutboxError('WEIR_OUTBOX_INVALID_VALUE', `${shown(value)}, for ${shown(key)},`)
  }
  return JSON.stringify(value)
}

/** Levels of arrays and objects, so that a cycle ends. */
const DEEPEST = 200

function isJson (value: unknown, depth: number): boolean {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return true
  if (typeof value === 'number') return Number.isFinite(value)
  if (typeof value !== 'object' || depth === DEEPEST) return false
  if (Array.isArray(value)) return value.every((item) => isJson(item, depth + 1))
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype !== Object.prototype && prototype !== null) return false
  return !('toJSON' in value) && Object.values(value).every((member) => member === undefined || isJson(member, depth + 1))
}
