import { hash } from 'node:crypto'

// What Postgres takes for bytes as text.
const HEX = '\\x'

/** Bytes as Postgres writes and takes them: `\x` and hexadecimal digits. */
export type Bytes = string

/**
 * Names are any strings; text columns take no NUL, and an index takes 2,700 bytes. JSON loses
 * nothing of a string.
 */
export const nameBytes = (name: string): Bytes =>
  HEX + Buffer.from(JSON.stringify(name)).toString('hex')

export const nameOf = (bytes: Bytes): string => {
  const name: unknown = JSON.parse(bufferOf(bytes).toString())
  if (typeof name !== 'string') throw new TypeError(`${bytes} is no name`)
  return name
}

export const bufferOf = (bytes: Bytes): Buffer => Buffer.from(bytes.slice(HEX.length), 'hex')

/** The primary key of what has these names: a digest of them. */
export const idOf = (...names: readonly string[]): Bytes =>
  HEX + hash('sha256', JSON.stringify(names))

export const isId = (text: string): text is Bytes => /^\\x[0-9a-f]{64}$/.test(text)

/**
 * A namespace's number: eight bytes of a digest of its name, so that every instance has the same
 * without asking.
 */
export const numberOfNamespace = (name: string): string =>
  hash('sha256', JSON.stringify(name), 'buffer').readBigInt64BE().toString()
