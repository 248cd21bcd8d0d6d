import { inspect, types } from 'node:util'
import { shown } from './errors.js'
import { isBuffer } from './kinds.js'

const KINDS = { Object, Array, Map, Set, Date, RegExp, DataView, URL, URLSearchParams } as const
const TYPED_ARRAY: unknown = Object.getPrototypeOf(Uint8Array.prototype)

/**
 * Returns an object's kind of data, by constructor name; undefined for anything else.
 *
 * Objects of another realm (`node:vm`) are recognized too, derived classes are not. An object
 * without a prototype counts as plain.
 */
export function kindOf (object: object): string | undefined {
  if (Array.isArray(object)) return isOf('Array', object) ? 'Array' : undefined
  if (isOf('Object', object) || Object.getPrototypeOf(object) === null) return 'Object'
  for (const [kind, is] of BUILT_IN) if (is(object)) return isOf(kind, object) ? kind : undefined
  if (ArrayBuffer.isView(object)) {
    return types.isArrayBuffer(object.buffer) ? typedArrayName(object) : undefined
  }
  return (['URL', 'URLSearchParams'] as const).find((kind) => isOf(kind, object))
}

const BUILT_IN = [
  ['Map', types.isMap],
  ['Set', types.isSet],
  ['Date', types.isDate],
  ['RegExp', types.isRegExp],
  ['DataView', types.isDataView]
] as const

function isOf (kind: keyof typeof KINDS, object: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(object)
  return prototype === KINDS[kind].prototype || isForeign(kind, prototype)
}

function typedArrayName (object: ArrayBufferView): string | undefined {
  if (isBuffer(object)) return 'Buffer'
  const prototype = Object.getPrototypeOf(object) as object
  const name = String(Reflect.get(object, Symbol.toStringTag))
  const isOwn =
    Object.getPrototypeOf(prototype) === TYPED_ARRAY &&
    Reflect.get(globalThis, name) === prototype.constructor
  return isOwn || isForeign(name, prototype) ? name : undefined
}

/** The source of a constructor distinguishes V8's built-ins from classes of the same name. */
function isForeign (kind: string, prototype: unknown): boolean {
  if (
    typeof prototype !== 'object' ||
    prototype === null ||
    !Object.hasOwn(prototype, 'constructor')
  ) { return false }
  const { constructor } = prototype
  return (
    typeof constructor === 'function' &&
    constructor.prototype === prototype &&
    constructor.name === kind &&
    Function.prototype.toString.call(constructor).endsWith('{ [native code] }')
  )
}

/**
 * Reports whether a plain-looking object is really bytes, a Map, a Promise or similar with a
 * changed prototype.
 * @param isEmpty whether it has no members: others get only the check that costs nothing
 */
export const isDisguised = (object: object, isEmpty: boolean): boolean =>
  ArrayBuffer.isView(object) || (isEmpty && DISGUISED.some((is) => is(object)))

const DISGUISED = [
  types.isMap,
  types.isSet,
  types.isDate,
  types.isRegExp,
  types.isPromise,
  types.isAnyArrayBuffer,
  types.isBoxedPrimitive,
  types.isWeakMap,
  types.isWeakSet,
  types.isNativeError,
  types.isGeneratorObject,
  types.isMapIterator,
  types.isSetIterator,
  types.isModuleNamespaceObject
] as const

/**
 * Describes a member beyond those of the object's kind; undefined if there is none.
 *
 * Elements belong to the kind.
 */
export function extraMember (object: object): string | undefined {
  const [symbol] = Object.getOwnPropertySymbols(object)
  if (symbol !== undefined) return `the member ${String(symbol)}`
  if (isLong(object)) return looksBare(object) ? undefined : 'a member besides its elements'
  const own = Array.isArray(object) ? 'length' : types.isRegExp(object) ? 'lastIndex' : undefined
  // Element names come first, then the name that belongs to the kind.
  const last = Object.getOwnPropertyNames(object).at(-1)
  return last === undefined || last === own || isElement(object, last)
    ? undefined
    : `the member ${shown(last)}`
}

// Creating a string for each element of a large array would dominate the cost.
const MOST_NAMES = 1000

const isLong = (object: object): object is Elements =>
  (Array.isArray(object) || types.isTypedArray(object)) && object.length > MOST_NAMES

/** Reports whether the name is an element's: any number is, for a typed array. */
const isElement = (object: object, name: string) => types.isTypedArray(object) && /^\d+$/.test(name)

/**
 * Reports whether Node displays the object, apart from its elements, like one without other
 * members.
 */
function looksBare (elements: Elements): boolean {
  if (Object.hasOwn(elements, 'constructor')) return false
  const bare = Array.isArray(elements) ? new Array<unknown>(elements.length) : elements.subarray()
  return inspect(elements, WITHOUT_ELEMENTS) === inspect(bare, WITHOUT_ELEMENTS)
}

type Elements = unknown[] | NodeJS.TypedArray

const WITHOUT_ELEMENTS = {
  maxArrayLength: 0,
  showHidden: true,
  depth: 0,
  customInspect: false
} as const
