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
 * How many prototypes an object has: none; one if it is plain; two if it is a Date, a Map or an
 * instance of a simple class; three if it is a typed array. It holds for objects of another realm
 * (`node:vm`) as well.
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

/** The heap of a built-in object that has no members; undefined for any other. */
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

/** A Buffer, and not what is built on it. */
export const isBuffer = (value: unknown): value is Buffer =>
  Buffer.isBuffer(value) && Object.getPrototypeOf(value) === Buffer.prototype

/** A Uint8Array, and neither a Buffer nor what is built on it. */
export const isBytes = (value: unknown): value is Uint8Array =>
  types.isUint8Array(value) && prototypes(value) === 3

export function className (object: object): string {
  const { constructor } = object
  return typeof constructor === 'function' && constructor.name !== '' ? constructor.name : 'a class'
}
