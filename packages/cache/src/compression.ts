import { promisify } from 'node:util'
import * as zlib from 'node:zlib'
import { CacheError, shown } from './errors.js'

/** Algorithms of node:zlib. `zstd` needs Node 22.15 or later. */
export type CompressionAlgorithm = 'brotli' | 'gzip' | 'zstd'

/** Options for compressing values in the store. */
export interface CompressionOptions {
  /** Default `brotli`. */
  readonly algorithm?: CompressionAlgorithm
  /** Smallest serialized value to compress, in bytes. Default 128 KiB. */
  readonly threshold?: number
  /** The algorithm's level: brotli 0 to 11, gzip 1 to 9, zstd 1 to 22. Default 1, the cheapest. */
  readonly level?: number
}

interface Codec {
  readonly levels: readonly [lowest: number, highest: number]
  compress (bytes: Uint8Array, level: number): Promise<Buffer>
  /** @param size expected output size in bytes; more is an error */
  decompress (bytes: Uint8Array, size: number): Promise<Buffer>
}

// The default chunk size would make zlib switch threads for every 16 KiB of a large value.
const chunkSize = (bytes: number) => Math.min(Math.max(64, bytes + 1), 1024 * 1024)

const { BROTLI_PARAM_QUALITY, BROTLI_PARAM_SIZE_HINT } = zlib.constants
const [brotli, unbrotli] = [promisify(zlib.brotliCompress), promisify(zlib.brotliDecompress)]
const [gzip, gunzip] = [promisify(zlib.gzip), promisify(zlib.gunzip)]

const bounded = (size: number) => ({ maxOutputLength: size, chunkSize: chunkSize(size) })

const BROTLI: Codec = {
  levels: [0, 11],
  compress: (bytes, level) => brotli(bytes, {
    chunkSize: chunkSize(bytes.length),
    params: { [BROTLI_PARAM_QUALITY]: level, [BROTLI_PARAM_SIZE_HINT]: bytes.length }
  }),
  decompress: (bytes, size) => unbrotli(bytes, bounded(size))
}

const GZIP: Codec = {
  levels: [1, 9],
  compress: (bytes, level) => gzip(bytes, { level, chunkSize: chunkSize(bytes.length) }),
  decompress: (bytes, size) => gunzip(bytes, bounded(size))
}

type ZstdFunction = (
  bytes: Uint8Array,
  options: object,
  done: (error: Error | null, result: Buffer) => void
) => void

/** The part of node:zlib that Node 20 lacks. */
interface Zstd {
  readonly zstdCompress: ZstdFunction
  readonly zstdDecompress: ZstdFunction
  readonly constants: { readonly ZSTD_c_compressionLevel: number }
}

const hasZstd = (lib: object): lib is Zstd => 'zstdCompress' in lib

function zstdOf (lib: object): Codec | undefined {
  if (!hasZstd(lib)) return undefined
  const [compress, decompress] = [promisify(lib.zstdCompress), promisify(lib.zstdDecompress)]
  return {
    levels: [1, 22],
    compress: (bytes, level) => compress(bytes, {
      chunkSize: chunkSize(bytes.length), params: { [lib.constants.ZSTD_c_compressionLevel]: level }
    }),
    decompress: (bytes, size) => decompress(bytes, bounded(size))
  }
}

const CODECS: ReadonlyMap<string, Codec | undefined> = new Map([
  ['brotli', BROTLI],
  ['gzip', GZIP],
  ['zstd', zstdOf(zlib)]
])

/** Size from which compression pays off, measured by `npm run bench -- --only compression`. */
export const DEFAULT_THRESHOLD = 128 * 1024

/** Compresses bodies in zlib's threads, without blocking the event loop. */
export class Compression {
  readonly algorithm: CompressionAlgorithm
  readonly threshold: number
  readonly #level: number
  readonly #codec: Codec

  /** @throws CacheError WEIR_CACHE_INVALID_OPTION */
  constructor (options: CompressionOptions | true) {
    if (options !== true && (typeof options !== 'object' || options === null)) {
      throw refused('', options, 'use true, or an object with algorithm, threshold or level')
    }
    const {
      algorithm = 'brotli',
      threshold = DEFAULT_THRESHOLD,
      level = 1,
      ...others
    } = options === true ? {} : options
    const [unknown] = Object.keys(others)
    if (unknown !== undefined) throw refused('', unknown, 'the options are algorithm, threshold, level')
    if (!CODECS.has(algorithm)) {
      throw refused('.algorithm', algorithm, "use 'brotli', 'gzip' or 'zstd'")
    }
    const codec = CODECS.get(algorithm)
    if (codec === undefined) {
      throw refused(
        '.algorithm',
        algorithm,
        `Node ${process.versions.node} does not support it: use Node 22.15 or later, or 'brotli'`
      )
    }
    if (!Number.isSafeInteger(threshold) || threshold < 0) {
      throw refused('.threshold', threshold, 'use a whole number of bytes, 0 or more')
    }
    const [lowest, highest] = codec.levels
    if (!Number.isInteger(level) || level < lowest || level > highest) {
      throw refused('.level', level, `${algorithm} has ${lowest} to ${highest}`)
    }
    this.algorithm = algorithm
    this.threshold = threshold
    this.#level = level
    this.#codec = codec
  }

  /**
   * Returns the compressed bytes, or the original ones if compression does not make them smaller.
   */
  async compress (bytes: Uint8Array): Promise<Uint8Array> {
    const compressed = await this.#codec.compress(bytes, this.#level)
    return compressed.length < bytes.length ? compressed : bytes
  }
}

/**
 * Decompresses the bytes.
 * @param size expected output size in bytes: decompression stops with an error beyond it
 * @throws Error if the bytes are not valid, or this Node does not support the algorithm
 */
export async function decompress (
  algorithm: string,
  bytes: Uint8Array,
  size: number
): Promise<Buffer> {
  const codec = CODECS.get(algorithm)
  if (codec === undefined) {
    throw new TypeError(`${shown(algorithm)} is not a compression that this Node supports`)
  }
  const plain = await codec.decompress(bytes, size)
  if (plain.length !== size) throw new RangeError(`${plain.length} bytes came out, not ${size}`)
  return plain
}

const refused = (where: string, value: unknown, remedy: string) =>
  new CacheError('WEIR_CACHE_INVALID_OPTION', `compression${where} ${shown(value)}: ${remedy}`)
