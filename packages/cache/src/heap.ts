/**
 * Bytes that V8 uses for the parts of a value, on 64 bits without pointer compression, as in Node's
 * own builds. Measured; `test/heap.test.ts` compares the sums with the heap.
 */

const WORD = 8

export const DATE = 96
export const REGEXP = 128
export const BOXED = 32
export const URL_BYTES = 256

/**
 * A number as a member, or in an array of mixed values: small integers are stored in the slot
 * itself.
 */
export const numberBytes = (value: number) => (value | 0) === value ? 0 : 16

/** @param wide whether the string has characters beyond Latin-1: all of them then take two bytes */
export function stringBytes (length: number, wide: boolean): number {
  // Strings of one character are shared.
  return length < 2 ? 0 : 16 + roundUp(wide ? 2 * length : length)
}

const BEYOND_LATIN_1 = /[^\u0000-\u00ff]/ // eslint-disable-line no-control-regex -- all of Latin-1
export const isWide = (text: string) => BEYOND_LATIN_1.test(text)

/** @param length number of members; objects of the same shape share the names */
export const objectBytes = (length: number) => length === 0 ? 56 : 24 + WORD * length
/**
 * The names of an object used as a map, such as a record by id: it shares its shape with no other.
 */
export const ownNamesBytes = (length: number) => 130 * length
/** An object stored as a hash table, such as one without a prototype. */
export const dictionaryBytes = (length: number) => 88 + 24 * tableSize(length * 1.5)

export const arrayBytes = (length: number) => length === 0 ? 32 : 48 + WORD * length
export const sparseBytes = (length: number, elements: number) =>
  48 + Math.min(WORD * length, 24 * tableSize(elements * 1.5))
export const mapBytes = (size: number) => 72 + 28 * tableSize(size)
export const setBytes = (size: number) => 72 + 20 * tableSize(size)
export const bigintBytes = (value: bigint) => 16 + roundUp(value.toString(16).length / 2)

export const bufferBytes = (length: number) => 184 + length
export const viewBytes = (length: number) => 192 + length
export const arrayBufferBytes = (length: number) => 88 + length

/** An entry in memory with its tags, without key and value. */
export const entryBytes = (tags: readonly string[]) =>
  160 + arrayBytes(tags.length) + tags.reduce((sum, tag) => sum + stringBytes(tag.length, false), 0)

/** A frame in the memory store, without its key. */
export const frameBytes = (length: number) => 88 + bufferBytes(length)

const roundUp = (bytes: number) => Math.ceil(bytes / WORD) * WORD

/** The smallest power of two, at least four, that holds the count. */
const tableSize = (count: number) => Math.max(4, 2 ** Math.ceil(Math.log2(Math.max(count, 1))))
