import { deserialize } from 'node:v8'
import { defaultStringifyOperations, DevalueError, parse, stringify } from 'devalue'
import { isWellFormed } from './entry.js'
import { CacheError, shown } from './errors.js'
import { bufferBytes, isWide, stringBytes } from './heap.js'
import { extraMember, isBuffer, isBytes } from './kinds.js'
import { survey, Unstorable } from './survey.js'

/** The stored form of a value: a short text about it, and its raw bytes. */
export interface Serialized {
  readonly meta: string
  readonly body: Uint8Array
}

/** Converts values to bytes and back. */
export interface Serializer<T> {
  /**
   * Name of the format: a value written by another serializer is a miss.
   *
   * Change the name when the format changes. Letters, digits, `.`, `_`, `-`.
   */
  readonly name: string
  serialize (value: T, key: string): Serialized
  /** Restores the value. The bytes may be kept. */
  deserialize (serialized: { readonly meta: string, readonly body: Buffer }): T
  /**
   * Returns the bytes that a value takes in memory, derived from its stored form.
   *
   * They count toward `maxBytes` of the instance's memory. Default: the size of the stored form.
   */
  sizeOf? (serialized: Serialized): number
}

/**
 * The serializers of this package share one name: each reads what the others wrote, using the meta.
 */
export const BUILT_IN = 'weir'

const EMPTY = Buffer.alloc(0)

/**
 * Serializer that preserves every kind of data, whichever store is used.
 *
 * Buffers, Uint8Arrays and strings are stored raw, JSON data as JSON. Values that contain anything
 * else (Map, Set, Date, BigInt, typed arrays, RegExp, URL, `undefined`, NaN, -0, holes, cycles,
 * repeated references) are written by devalue. Functions, symbols and class instances are rejected
 * with WEIR_CACHE_UNSERIALIZABLE, which names the member.
 */
export const defaultSerializer: Serializer<unknown> &
  Required<Pick<Serializer<unknown>, 'sizeOf'>> = {
    name: BUILT_IN,

    serialize (value, key) {
      if (value === undefined) return { meta: 'undefined 0', body: EMPTY }
      if ((isBuffer(value) || isBytes(value)) && extraMember(value) === undefined) {
        const kind = isBuffer(value) ? 'buffer' : 'bytes'
        return { meta: `${kind} ${bufferBytes(value.length)}`, body: value }
      }
      // JSON escapes characters that have no UTF-8 form.
      if (typeof value === 'string' && isWellFormed(value)) {
        const body = Buffer.from(value)
        return { meta: `text ${stringBytes(value.length, hasWide(value, body))}`, body }
      }
      return refusing(
        key,
        'Store data only (JSON, Map, Set, Date, BigInt, bytes), or use a custom serializer',
        () => serializeData(value)
      )
    },

    deserialize ({ meta, body }): unknown {
      const [kind] = meta.split(' ', 1)
      switch (kind) {
        case 'undefined':
          return undefined
        case 'buffer':
          return body
        case 'bytes':
          return new Uint8Array(body.buffer, body.byteOffset, body.length)
        case 'text':
          return body.toString()
        case 'json':
          return JSON.parse(body.toString())
        case 'data':
          return parse(body.toString(), REVIVERS)
        case 'structured':
          return deserialize(body)
        default:
          throw new TypeError(`${shown(kind)} is no kind of value`)
      }
    },

    sizeOf ({ meta }) {
      return Number(meta.slice(meta.indexOf(' ') + 1))
    }
  }

/** Runs the function and converts an `Unstorable` error into one with the key and advice. */
export function refusing<R> (key: string, advice: string, serialize: () => R): R {
  try {
    return serialize()
  } catch (error) {
    if (!(error instanceof Unstorable)) throw error
    const what = `${shown(key)} cannot be stored: ${error.message}. ${advice}`
    throw new CacheError('WEIR_CACHE_UNSERIALIZABLE', what, { cause: error.cause })
  }
}

function serializeData (value: unknown): Serialized {
  const { isJson, bytes } = survey(value, false)
  const text = isJson ? JSON.stringify(value) : stringifyData(value)
  const body = Buffer.from(text)
  // Most values have no string beyond Latin-1 and need no second pass.
  const size = hasWide(text, body) ? survey(value, true).bytes : bytes
  return { meta: `${isJson ? 'json' : 'data'} ${size}`, body }
}

/** A string beyond ASCII has more bytes than characters. */
export const hasWide = (text: string, body: Buffer) => body.length !== text.length && isWide(text)

// Buffers have a form of their own, so that they are restored as Buffers.
const REDUCERS = { Buffer: (value: unknown) => isBuffer(value) && [value.toString('base64')] }
const REVIVERS = { Buffer: ([base64]: [string]) => Buffer.from(base64, 'base64') }

/** Copies only the part that a view shows: the rest of the buffer may belong to another value. */
function viewInfo (view: ArrayBufferView) {
  const info = defaultStringifyOperations.viewInfo(view)
  const { byteOffset, byteLength, bufferByteLength } = info
  if (byteLength === bufferByteLength) return info
  return {
    ...info,
    buffer: info.buffer.slice(byteOffset, byteOffset + byteLength),
    byteOffset: 0,
    bufferByteLength: byteLength
  }
}

function stringifyData (value: unknown): string {
  try {
    return stringify(value, REDUCERS, { operations: { viewInfo } })
  } catch (cause) {
    const path = cause instanceof DevalueError ? cause.path : ''
    throw new Unstorable(`${path || 'it'} cannot be written`, { cause })
  }
}
