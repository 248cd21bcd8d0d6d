import { types } from 'node:util'
import { isWellFormed } from './entry.js'
import { CacheError, shown } from './errors.js'
import { className, leafBytes, prototypes } from './kinds.js'

// More than arguments have, and far from the end of the stack.
const MOST_LEVELS = 100

/**
 * A text that is the same for equal arguments, and for no others: whatever the order of an object's members, of a Map's
 * entries or of a Set's values. `1` and `'1'` differ, as do an argument that was not given and one that is `undefined`.
 * @throws CacheError WEIR_CACHE_INVALID_ARGUMENT for functions, symbols, instances of classes and cycles
 * @example argumentKey(['42']) // ':42'
 * @example argumentKey([42, { b: 1, a: [true] }]) // '(42,{"a":[true],"b":1})'
 */
export function argumentKey (args: readonly unknown[]): string {
  const [only] = args
  // Nothing follows the text, so that nothing in it can be taken for an end of it.
  if (args.length === 1 && typeof only === 'string' && isWellFormed(only)) return `:${only}`
  return `(${args.map((arg, i) => new Text(`argument ${i + 1}`).of(arg)).join(',')})`
}

/** The text of one argument. */
class Text {
  readonly #within: object[] = []
  readonly #steps: string[]

  constructor (name: string) {
    this.#steps = [name]
  }

  of (value: unknown): string {
    switch (typeof value) {
      case 'string': return JSON.stringify(value)
      case 'number': return Object.is(value, -0) ? '-0' : String(value)
      case 'bigint': return `${value}n`
      case 'boolean': case 'undefined': return String(value)
      case 'object': return value === null ? 'null' : this.#ofObject(value)
      default: throw this.#refused(`is a ${typeof value}`)
    }
  }

  #ofObject (object: object): string {
    if (this.#within.includes(object)) throw this.#refused('is within itself')
    if (this.#within.length === MOST_LEVELS) throw this.#refused(`has more than ${MOST_LEVELS} levels`)
    this.#within.push(object)
    const text = Array.isArray(object) ? `[${this.#each(object)}]` : this.#ofMembers(object) ?? this.#ofBuiltIn(object)
    this.#within.pop()
    return text
  }

  /** Undefined for what is no plain object. */
  #ofMembers (object: object): string | undefined {
    if (types.isModuleNamespaceObject(object) || prototypes(object) > 1) return undefined
    const [symbol] = Object.getOwnPropertySymbols(object)
    if (symbol !== undefined) throw this.#refused(`has the member ${String(symbol)}`)
    const members = Object.entries(object).map(([name, value]) => `${JSON.stringify(name)}:${this.#step(`.${name}`, value)}`)
    return `{${members.sort().join(',')}}`
  }

  #ofBuiltIn (object: object): string {
    const chain = prototypes(object)
    if (types.isMap(object) && chain === 2) {
      const entries = Array.from(object, ([key, value]) => `${this.#step('.keys()', key)}=>${this.#step(`.get(${shown(key)})`, value)}`)
      return `Map(${entries.sort().join(',')})`
    }
    if (types.isSet(object) && chain === 2) {
      return `Set(${Array.from(object, (value) => this.#step('.values()', value)).sort().join(',')})`
    }
    const text = leafBytes(object, chain) === undefined ? undefined : ofLeaf(object)
    if (text === undefined) throw this.#refused(`is an instance of ${className(object)}`)
    return text
  }

  #each (values: readonly unknown[]): string {
    // Array.from, not map: a hole is one that is not given.
    return Array.from(values, (value, i) => this.#step(`[${i}]`, value)).join(',')
  }

  #step (name: string, value: unknown): string {
    this.#steps.push(name)
    const text = this.of(value)
    this.#steps.pop()
    return text
  }

  #refused (reason: string): CacheError {
    const where = this.#steps.length > 12 ? `${this.#steps.slice(0, 12).join('')}…` : this.#steps.join('')
    return new CacheError('WEIR_CACHE_INVALID_ARGUMENT', `${where} ${reason}`)
  }
}

/** A built-in object without members; undefined for one that holds others. */
function ofLeaf (object: object): string | undefined {
  if (types.isDate(object)) return `Date(${object.getTime()})`
  if (types.isRegExp(object)) return `RegExp(${String(object)})`
  if (object instanceof URL || object instanceof URLSearchParams) return `${className(object)}(${JSON.stringify(String(object))})`
  if (!ArrayBuffer.isView(object)) return undefined
  return `${className(object)}(${Buffer.from(object.buffer, object.byteOffset, object.byteLength).toString('base64')})`
}
