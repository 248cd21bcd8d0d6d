import { types } from 'node:util'
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
  Buffer.isBuffer(value) && Object.getPrototypeOf(value) === Buffer.prototype

/** Accepts Uint8Arrays, but neither Buffers nor other derived classes. */
export const isBytes = (value: unknown): value is Uint8Array =>
  types.isUint8Array(value) && prototypes(value) === 3

export function className (object: object): string {
  const { constructor } = object
  return typeof constructor === 'function' && constructor.name !== '' ? constructor.name : 'a class'
}
