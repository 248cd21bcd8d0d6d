import { types } from 'node:util'

/**
 * Copies a cached value that a plugin may change in place, preserving classes. Instances of classes
 * that are not data are shared.
 */
export function copied<V> (value: V): V
export function copied (value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map((each: unknown) => copied(each))
  if (Buffer.isBuffer(value)) return Buffer.from(value)
  if (types.isUint8Array(value)) return value.slice()
  if (types.isDate(value)) return new Date(value)
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype !== Object.prototype && prototype !== null) return value
  const copy = prototype === null ? Object.create(null) as object : {}
  for (const [name, member] of Object.entries(value)) {
    Object.defineProperty(copy, name, {
      value: copied(member),
      enumerable: true,
      writable: true,
      configurable: true
    })
  }
  return copy
}
