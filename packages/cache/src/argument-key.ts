import { types } from 'node:util'
import { isWellFormed } from './entry.js'
import { CacheError, shown } from './errors.js'
import { className } from './kinds.js'
import { extraMember, isDisguised, kindOf } from './own-data.js'

// Deeper than real arguments, and far from overflowing the stack.
const MOST_LEVELS = 100

/**
 * Returns a text that is equal for equal arguments and different for all others.
 *
 * The order of object members, Map entries and Set values does not matter. `1` and `'1'` differ; so
 * do a missing argument and `undefined`.
 * @throws CacheError WEIR_CACHE_INVALID_ARGUMENT for functions, symbols, class instances and
 *   cycles, and for objects with more than the data of their kind: an array with extra members, a
 *   getter, a non-enumerable member
 * @example argumentKey(['42']) // ':42'
 * @example argumentKey([42, { b: 1, a: [true] }]) // '(42,{"a":[true],"b":1})'
 */
export function argumentKey (args: readonly unknown[]): string {
  const [only] = args
  // Nothing follows the text, so no character in it can be mistaken for its end.
  if (args.length === 1 && typeof only === 'string' && isWellFormed(only)) return `:${only}`
  return `(${args.map((arg, i) => new Text(`argument ${i + 1}`).of(arg)).join(',')})`
}

/** Builds the text of one argument. */
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
    if (this.#within.length === MOST_LEVELS) {
      throw this.#refused(`has more than ${MOST_LEVELS} levels`)
    }
    this.#within.push(object)
    const text = this.#ofKind(kindOf(object), object)
    this.#within.pop()
    return text
  }

  #ofMembers (object: object): string {
    const [symbol] = Object.getOwnPropertySymbols(object)
    if (symbol !== undefined) throw this.#refused(`has the member ${String(symbol)}`)
    const names = Object.getOwnPropertyNames(object)
    if (isDisguised(object, names.length === 0)) {
      throw this.#refused('is not a plain object, but has the prototype of one')
    }
    return `{${names.map((name) => this.#ofMember(object, name)).sort().join(',')}}`
  }

  #ofMember (object: object, name: string): string {
    const member = Object.getOwnPropertyDescriptor(object, name)
    if (member?.enumerable !== true) {
      throw this.#refused(`has the member ${shown(name)}, which is not enumerable`)
    }
    if (!('value' in member)) throw this.#refused(`has the getter ${shown(name)}`)
    return `${JSON.stringify(name)}:${this.#step(`.${name}`, member.value)}`
  }

  /** Handles each kind of data that JavaScript has, ignoring extra members of the object. */
  #ofKind (kind: string | undefined, object: object): string {
    if (kind === 'Object') return this.#ofMembers(object)
    if (kind === undefined) throw this.#refused(`is an instance of ${className(object)}`)
    const extra = extraMember(object)
    if (extra !== undefined) throw this.#refused(`has ${extra}`)
    if (Array.isArray(object)) return `[${this.#each(object)}]`
    if (types.isMap(object)) {
      const entries = Array.from(
        object,
        ([key, value]) =>
          `${this.#step('.keys()', key)}=>${this.#step(`.get(${shown(key)})`, value)}`
      )
      return `Map(${entries.sort().join(',')})`
    }
    if (types.isSet(object)) {
      return `Set(${Array.from(object, (value) => this.#step('.values()', value))
        .sort()
        .join(',')})`
    }
    if (types.isDate(object)) return `Date(${object.getTime()})`
    if (types.isRegExp(object)) {
      // `lastIndex` determines where the next match begins.
      const { lastIndex }: { readonly lastIndex: unknown } = object
      return `RegExp(${String(object)}${lastIndex === 0 ? '' : `,${this.#step('.lastIndex', lastIndex)}`})`
    }
    if (ArrayBuffer.isView(object)) {
      return `${kind}(${Buffer.from(object.buffer, object.byteOffset, object.byteLength).toString('base64')})`
    }
    // eslint-disable-next-line @typescript-eslint/no-base-to-string -- a URL or URLSearchParams
    return `${kind}(${JSON.stringify(String(object))})`
  }

  #each (values: readonly unknown[]): string {
    // Array.from visits holes; map does not.
    return Array.from(values, (value, i) =>
      value === undefined && !(i in values) ? 'empty' : this.#step(`[${i}]`, value)
    ).join(',')
  }

  #step (name: string, value: unknown): string {
    this.#steps.push(name)
    const text = this.of(value)
    this.#steps.pop()
    return text
  }

  #refused (reason: string): CacheError {
    const where =
      this.#steps.length > 12 ? `${this.#steps.slice(0, 12).join('')}…` : this.#steps.join('')
    return new CacheError('WEIR_CACHE_INVALID_ARGUMENT', `${where} ${reason}`)
  }
}
