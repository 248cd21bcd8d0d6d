import { hash } from 'node:crypto'

// Prefix of bytes in Postgres' text format.
const HEX = '\\x'

/** Bytes as Postgres writes and accepts them: `\x` and hexadecimal digits. */
export type Bytes = string

/**
 * Encodes a name of any characters. Text columns reject NUL, and an index accepts 2,700 bytes. JSON
 * preserves every string.
 */
export const nameBytes = (name: string): Bytes =>
  HEX + Buffer.from(JSON.stringify(name)).toString('hex')

export const nameOf = (bytes: Bytes): string => {
  const name: unknown = JSON.parse(bufferOf(bytes).toString())
  if (typeof name !== 'string') throw new TypeError(`${bytes} is no name`)
  return name
}

export const bufferOf = (bytes: Bytes): Buffer => Buffer.from(bytes.slice(HEX.length), 'hex')

/** Returns the primary key for the given names: a digest. */
export const idOf = (...names: readonly string[]): Bytes =>
  HEX + hash('sha256', JSON.stringify(names))

export const isId = (text: string): text is Bytes => /^\\x[0-9a-f]{64}$/.test(text)

/**
 * Returns a namespace's number: eight bytes of a digest of its name, the same on every instance.
 */
export const numberOfNamespace = (name: string): string =>
  hash('sha256', JSON.stringify(name), 'buffer').readBigInt64BE().toString()
