/** Returns whether JSON distinguishes the value from every other one. */
export function isPlain (value: unknown): boolean {
  switch (typeof value) {
    case 'string': return !/\p{Cs}/u.test(value)
    case 'number': return Number.isFinite(value)
    case 'boolean': return true
    case 'object':
      if (value === null) return true
      if (Array.isArray(value)) return value.every(isPlain)
      return isDictionary(value) && Object.values(value).every(isPlain)
    default: return false
  }
}

/** Returns whether an object consists only of its own enumerable properties. */
export function isDictionary (value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value)
  return (prototype === null || prototype === Object.prototype || isEmpty(prototype as object)) &&
    Object.getOwnPropertySymbols(value).length === 0
}

/**
 * Returns whether a prototype is that of query parsers: an object without properties and without a
 * prototype.
 */
const isEmpty = (prototype: object) =>
  Object.getPrototypeOf(prototype) === null && Reflect.ownKeys(prototype).length === 0
