import { inspect, types } from 'node:util'
import { shown } from './errors.js'
import {
  arrayBufferBytes,
  BOXED,
  bufferBytes,
  DATE,
  REGEXP,
  stringBytes,
  URL_BYTES,
  viewBytes
} from './heap.js'

/**
 * Counts an object's prototypes.
 *
 * None: no prototype. One: a plain object. Two: a Date, a Map or an instance of a simple class.
 * Three: a typed array. This also holds for objects of another realm (`node:vm`).
 */
export function prototypes (object: object): number {
  let count = 0
  for (
    let next: unknown = Object.getPrototypeOf(object);
    next !== null;
    next = Object.getPrototypeOf(next)
  ) { count++ }
  return count
}

/** Returns the heap bytes of a built-in object without members; undefined for any other. */
export function leafBytes (object: object, chain: number): number | undefined {
  if (isBuffer(object)) return bufferBytes(object.length)
  if (ArrayBuffer.isView(object)) {
    return chain === (types.isDataView(object) ? 2 : 3) && types.isArrayBuffer(object.buffer)
      ? viewBytes(object.byteLength)
      : undefined
  }
  if (chain !== 2) return undefined
  if (isOf(URL, object)) return URL_BYTES + stringBytes(object.href.length, false)
  if (isOf(URLSearchParams, object)) return URL_BYTES + 64 * object.size
  if (types.isDate(object)) return DATE
  if (types.isRegExp(object)) return REGEXP + stringBytes(object.source.length, false)
  if (types.isArrayBuffer(object)) return arrayBufferBytes(object.byteLength)
  if (types.isBoxedPrimitive(object) && !types.isSymbolObject(object)) return BOXED
  return undefined
}

const isOf = <T extends object>(
  { prototype }: { readonly prototype: T },
  object: object
): object is T => Object.getPrototypeOf(object) === prototype

/** Accepts Buffers, but no classes derived from Buffer. */
export const isBuffer = (value: unknown): value is Buffer =>
  types.isUint8Array(value) && Object.getPrototypeOf(value) === Buffer.prototype

/** Accepts Uint8Arrays, but neither Buffers nor other derived classes. */
export const isBytes = (value: unknown): value is Uint8Array =>
  types.isUint8Array(value) && prototypes(value) === 3

export function className (object: object): string {
  const { constructor } = object
  return typeof constructor === 'function' && constructor.name !== '' ? constructor.name : 'a class'
}

// Creating a string for each element of a large array would cost more than displaying it.
const MOST_NAMES = 64

/**
 * Describes a member of a built-in object that does not belong to its data: no format preserves
 * it. Undefined if there is none.
 */
export function extraMember (object: object): string | undefined {
  if (Object.getOwnPropertySymbols(object).length > 0) return 'a symbol for a name'
  if (types.isTypedArray(object) && object.length > MOST_NAMES) {
    return BARE.test(inspect(object, WITHOUT_ELEMENTS)) ? undefined : 'a member besides its elements'
  }
  // Names of elements come first, then the one that belongs to the kind.
  const last = Object.getOwnPropertyNames(object).at(-1)
  if (last === undefined) return undefined
  const isOwn =
    (last === 'lastIndex' && types.isRegExp(object)) ||
    (last === 'length' && types.isStringObject(object)) ||
    (types.isTypedArray(object) && String(Number(last)) === last)
  return isOwn ? undefined : `a member ${shown(last)} besides its data`
}

const WITHOUT_ELEMENTS = {
  maxArrayLength: 0,
  depth: 0,
  customInspect: false,
  breakLength: Infinity
} as const
const BARE = /\d more items \]$/
