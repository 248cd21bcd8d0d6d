import { deserialize } from 'node:v8'
import { defaultStringifyOperations, DevalueError, parse, stringify } from 'devalue'
import { isWellFormed } from './entry.js'
import { CacheError, shown } from './errors.js'
import { bufferBytes, isWide, stringBytes } from './heap.js'
import { isBuffer, isBytes } from './kinds.js'
import { survey, Unstorable } from './survey.js'

/** A value as it is stored: a little text about it, and its bytes as they are. */
export interface Serialized {
  readonly meta: string
  readonly body: Uint8Array
}

/** Turns values into bytes and back. */
export interface Serializer<T> {
  /**
   * Names the format: what another serializer has written is a miss. Change the name when the
   * format changes. Letters, digits, `.`, `_`, `-`.
   */
  readonly name: string
  serialize (value: T, key: string): Serialized
  /** Gets bytes it may keep. */
  deserialize (serialized: { readonly meta: string, readonly body: Buffer }): T
  /**
   * The bytes that a value takes in memory, told from its stored form. They count towards
   * `maxBytes` of the instance's memory. Default: as many as the stored form has.
   */
  sizeOf? (serialized: Serialized): number
}

/**
 * The serializers of this package have one name: each reads what any of them has written, by its
 * meta.
 */
export const BUILT_IN = 'weir'

const EMPTY = Buffer.alloc(0)

/**
 * Gives values back as they were, whichever store they went through.
 *
 * Buffers, Uint8Arrays and strings are stored raw, JSON data as JSON. A value with anything else in
 * it (Map, Set, Date, BigInt, typed arrays, RegExp, URL, `undefined`, NaN, -0, holes, cycles,
 * objects that are met twice) is written by devalue. Functions, symbols and instances of classes
 * are refused by WEIR_CACHE_UNSERIALIZABLE, which names the member.
 */
export const defaultSerializer: Serializer<unknown> &
  Required<Pick<Serializer<unknown>, 'sizeOf'>> = {
    name: BUILT_IN,

    serialize (value, key) {
      if (value === undefined) return { meta: 'undefined 0', body: EMPTY }
      if (isBuffer(value)) return { meta: `buffer ${bufferBytes(value.length)}`, body: value }
      if (isBytes(value)) return { meta: `bytes ${bufferBytes(value.length)}`, body: value }
      // JSON writes what has no UTF-8 with an escape.
      if (typeof value === 'string' && isWellFormed(value)) {
        const body = Buffer.from(value)
        return { meta: `text ${stringBytes(value.length, hasWide(value, body))}`, body }
      }
      return refusing(
        key,
        'Store data only (JSON, Map, Set, Date, BigInt, bytes), or give the cache a serializer of your own',
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

/**
 * Runs the function; what of the value cannot be stored becomes an error with the key and the
 * advice.
 */
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
  // Most have no string beyond Latin-1, and need not be looked through for any.
  const size = hasWide(text, body) ? survey(value, true).bytes : bytes
  return { meta: `${isJson ? 'json' : 'data'} ${size}`, body }
}

/** A string beyond ASCII has more bytes than characters. */
export const hasWide = (text: string, body: Buffer) => body.length !== text.length && isWide(text)

// Buffers have a form of their own, so that they come back as Buffers.
const REDUCERS = { Buffer: (value: unknown) => isBuffer(value) && [value.toString('base64')] }
const REVIVERS = { Buffer: ([base64]: [string]) => Buffer.from(base64, 'base64') }

/** Leaves out the rest of a buffer that a view shows a part of: it may be another value's. */
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
