import { types } from 'node:util'
import { Compression, type CompressionOptions, decompress } from './compression.js'
import { CacheError, shown } from './errors.js'
import { own } from './frame.js'
import { BUILT_IN, type Serialized, type Serializer } from './serializer.js'
import { type SerializerName, serializerOf } from './strict-serializers.js'

/** The stored form of a value, and its size in memory. */
export interface StoredValue {
  readonly stored: Serialized
  readonly size: number
}

/** A value read from a store, and its size in memory. */
export interface ReadValue<T> {
  readonly value: T
  readonly size: number
}

/** Options of {@link createCache} that control how values are stored. */
export interface StoredValueOptions<T> {
  /**
   * Converts values to bytes. Default: {@link defaultSerializer}, which preserves every kind of
   * data.
   *
   * `json` rejects values that JSON would change; `structured` is the structured clone algorithm of
   * node:v8. These three read each other's values.
   */
  readonly serializer?: SerializerName | Serializer<T>
  /**
   * Compresses large values in the store, not in memory. `true`: brotli from 128 KiB. Default
   * false.
   */
  readonly compression?: boolean | CompressionOptions
  /**
   * Maximum size of a serialized value in bytes, before compression.
   *
   * Larger values fail with WEIR_CACHE_VALUE_TOO_LARGE: `set` rejects, `remember` returns the value
   * to its callers without storing it. Default 64 MiB.
   */
  readonly maxValueBytes?: number
}

const MOST_BYTES = 64 * 1024 * 1024

/**
 * Converts values to and from the content of a frame: serialized, and compressed if that pays off.
 *
 * The meta of a compressed value, or of a custom serializer's value, starts with a head:
 *
 * ```
 *    NUL serializer NUL algorithm NUL bytes before compression NUL meta of the serializer
 * ```
 *
 * The head keeps an instance from reading values of another serializer: they are misses.
 */
export class StoredValues<T> {
  readonly #serializer: Serializer<T>
  readonly #compression: Compression | undefined
  readonly #maxBytes: number
  /** The head of an uncompressed value. */
  readonly #head: string
  /** Whether the serializer is one of this package's. */
  readonly isBuiltIn: boolean

  /** @throws CacheError WEIR_CACHE_INVALID_OPTION */
  constructor ({
    serializer: option,
    compression = false,
    maxValueBytes = MOST_BYTES
  }: StoredValueOptions<T>) {
    if (!Number.isSafeInteger(maxValueBytes) || maxValueBytes < 1) {
      throw new CacheError(
        'WEIR_CACHE_INVALID_OPTION',
        `maxValueBytes ${shown(maxValueBytes)}: use a positive integer`
      )
    }
    const serializer = serializerOf(option)
    this.#serializer = serializer
    this.#compression = compression === false ? undefined : new Compression(compression)
    this.#maxBytes = maxValueBytes
    this.isBuiltIn = serializer.name === BUILT_IN
    this.#head = this.isBuiltIn ? '' : headOf(serializer.name, '', '')
  }

  /**
   * Serializes the value; a promise if it has to be compressed.
   * @throws CacheError WEIR_CACHE_VALUE_TOO_LARGE, WEIR_CACHE_UNSERIALIZABLE
   */
  write (key: string, value: T): StoredValue | Promise<StoredValue> {
    const serialized = this.isBuiltIn
      ? this.#serializer.serialize(value, key)
      : this.#serialized(key, value)
    const { meta, body } = serialized
    const bytes = body.byteLength
    if (bytes > this.#maxBytes) {
      throw new CacheError(
        'WEIR_CACHE_VALUE_TOO_LARGE',
        `${shown(key)} has ${bytes} bytes, more than the ${this.#maxBytes}`
      )
    }
    const size = this.isBuiltIn
      ? this.#sizeOf(serialized)
      : this.#asked(key, () => this.#sizeOf(serialized))
    if (this.#compression !== undefined && bytes >= this.#compression.threshold) {
      return this.#compress(this.#compression, serialized, size)
    }
    return { stored: this.#head === '' ? serialized : { meta: this.#head + meta, body }, size }
  }

  /**
   * Restores the value; a promise if it has to be decompressed.
   * @throws Error if another serializer wrote it, it cannot be decompressed here, or it is too
   *   large for this cache
   */
  read (stored: {
    readonly meta: string
    readonly body: Buffer
  }): ReadValue<T> | Promise<ReadValue<T>> {
    const { meta, body } = stored
    if (this.#head === '' ? meta[0] !== MARK : meta.startsWith(this.#head)) {
      return this.#parse(meta.slice(this.#head.length), body)
    }
    return this.#decompress(meta, body)
  }

  /** Serializes the value with a custom serializer, whose result is checked. */
  #serialized (key: string, value: T): Serialized {
    return this.#asked(key, () => {
      const given: unknown = this.#serializer.serialize(value, key)
      const { meta, body }: { readonly meta?: unknown; readonly body?: unknown } =
        typeof given === 'object' && given !== null ? given : {}
      if (typeof meta === 'string' && types.isUint8Array(body)) return { meta, body }
      const problem =
        given instanceof Promise ? 'it returned a promise' : `it returned ${shown(given)}`
      throw new TypeError(`${problem}: return { meta, body }, a string and a Buffer or Uint8Array`)
    })
  }

  #asked<R>(key: string, ask: () => R): R {
    try {
      return ask()
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : shown(cause)
      const what = `${shown(key)} cannot be stored: the serializer ${shown(this.#serializer.name)} failed: ${reason}`
      throw new CacheError('WEIR_CACHE_UNSERIALIZABLE', what, { cause })
    }
  }

  async #compress (
    compression: Compression,
    { meta, body }: Serialized,
    size: number
  ): Promise<StoredValue> {
    const compressed = await compression.compress(body)
    if (compressed === body) return { stored: { meta: this.#head + meta, body }, size }
    const head = headOf(this.#serializer.name, compression.algorithm, String(body.byteLength))
    return { stored: { meta: head + meta, body: compressed }, size }
  }

  async #decompress (meta: string, body: Buffer): Promise<ReadValue<T>> {
    const [head, name, algorithm = '', bytes] = HEAD.exec(meta) ?? []
    if (head === undefined || name !== this.#serializer.name) {
      throw new TypeError('another serializer has written it')
    }
    const size = Number(bytes)
    if (size > this.#maxBytes) {
      throw new RangeError(`${size} bytes are more than the ${this.#maxBytes} of maxValueBytes`)
    }
    return this.#parse(meta.slice(head.length), own(await decompress(algorithm, body, size)))
  }

  #parse (meta: string, body: Buffer): ReadValue<T> {
    const serialized = { meta, body }
    return { size: this.#sizeOf(serialized), value: this.#serializer.deserialize(serialized) }
  }

  /** Returns the value's size in memory: from its serializer, or that of its serialized form. */
  #sizeOf (serialized: Serialized): number {
    const size = this.#serializer.sizeOf?.(serialized)
    return size !== undefined && size >= 0 && size < Infinity
      ? size
      : serialized.meta.length + serialized.body.byteLength
  }
}

const MARK = '\0'
const HEAD = /^\0([^\0]+)\0([a-z]+)\0(\d+)\0/
const headOf = (name: string, algorithm: string, bytes: string) =>
  [MARK, name, MARK, algorithm, MARK, bytes, MARK].join('')
