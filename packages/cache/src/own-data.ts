import { inspect, types } from 'node:util'
import { shown } from './errors.js'
import { isBuffer } from './kinds.js'

const KINDS = { Object, Array, Map, Set, Date, RegExp, DataView, URL, URLSearchParams } as const
const TYPED_ARRAY: unknown = Object.getPrototypeOf(Uint8Array.prototype)

/**
 * The kind of data that the object is, by the name of its constructor, of this realm or of another
 * (`node:vm`). An object without a prototype is as plain as any. Undefined for what is none of
 * them, or built on one.
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

/** Constructors of V8 are told from classes of the same name by their source. */
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
 * Whether an object of the kind `Object` is bytes, a Map, a Promise or the like, whose prototype
 * was changed.
 * @param isEmpty it has no members: for one that has, only what costs nothing is looked at
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
 * The member that an object has beside those of its kind, in words; undefined if there is none.
 * Elements belong to the kind.
 */
export function extraMember (object: object): string | undefined {
  const [symbol] = Object.getOwnPropertySymbols(object)
  if (symbol !== undefined) return `the member ${String(symbol)}`
  if (isLong(object)) return looksBare(object) ? undefined : 'a member besides its elements'
  const own = Array.isArray(object) ? 'length' : types.isRegExp(object) ? 'lastIndex' : undefined
  // Names of elements come first, then that of the kind.
  const last = Object.getOwnPropertyNames(object).at(-1)
  return last === undefined || last === own || isElement(object, last)
    ? undefined
    : `the member ${shown(last)}`
}

// A text for each element of a large array costs more than all else.
const MOST_NAMES = 1000

const isLong = (object: object): object is Elements =>
  (Array.isArray(object) || types.isTypedArray(object)) && object.length > MOST_NAMES

/** Whether it is the name of an element: for a typed array any number is. */
const isElement = (object: object, name: string) => types.isTypedArray(object) && /^\d+$/.test(name)

/**
 * Whether Node shows the object, but for its elements, as it shows one without any other member.
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
