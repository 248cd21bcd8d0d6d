import { CacheError } from './errors.js'

/** A value as it is stored: a little text about it, and its bytes as they are. */
export interface Serialized {
  readonly meta: string
  readonly body: Uint8Array
}

/** How values become bytes and back. `deserialize` gets bytes it may keep. */
export interface Serializer<T> {
  serialize (value: T, key: string): Serialized
  deserialize (serialized: { readonly meta: string, readonly body: Buffer }): T
}

const EMPTY = Buffer.alloc(0)

/**
 * Buffers and strings go in as they are, everything else as JSON; `undefined` is kept as itself, so that
 * "there is none" can be cached too. What JSON cannot write (BigInt, cycles, a function, a symbol) is refused; what it
 * writes differently (Date, Map, members that are `undefined`) comes back as JSON has it.
 */
export const defaultSerializer: Serializer<unknown> = {
  serialize (value, key) {
    if (value === undefined) return { meta: 'undefined', body: EMPTY }
    if (value instanceof Uint8Array) return { meta: 'bytes', body: value }
    if (typeof value === 'string') return { meta: 'text', body: Buffer.from(value) }
    return { meta: 'json', body: Buffer.from(toJson(value, key)) }
  },

  deserialize ({ meta, body }): unknown {
    switch (meta) {
      case 'undefined': return undefined
      case 'bytes': return body
      case 'text': return body.toString()
      default: return JSON.parse(body.toString())
    }
  }
}

function toJson (value: unknown, key: string): string {
  let json: string | undefined
  try {
    json = JSON.stringify(value)
  } catch (cause) {
    throw new CacheError('WEIR_CACHE_UNSERIALIZABLE', key, { cause })
  }
  if (json === undefined) throw new CacheError('WEIR_CACHE_UNSERIALIZABLE', key)
  return json
}
