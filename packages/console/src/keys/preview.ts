import { inspect } from 'node:util'
import { type FoundEntry } from './entries.js'

/** The beginning of a value, in readable form. */
export interface Preview {
  readonly kind: 'text' | 'bytes' | 'variants' | 'unreadable'
  readonly text: string
  readonly truncated: boolean
}

// Maximum number of text characters, and of bytes shown in hexadecimal.
const MOST_TEXT = 4096
const MOST_BYTES = 256

/**
 * Returns the first 4,096 characters of an entry's value, or the first 256 bytes of a binary one.
 */
export function previewOf (found: FoundEntry): Preview {
  if (found.cache === 'unreadable') return { kind: 'unreadable', text: '', truncated: false }
  if (found.cache === 'values') return ofValue(found.entry.value)
  const response = found.entry.value
  if (!response.isSignpost) return ofBytes(response.body, response.header('content-encoding'))
  const names = response.variesBy
  const text = names === undefined
    ? 'Responses of this URI are stored by its No-Vary-Search'
    : `Responses of this URI differ by ${names.join(', ')}`
  return { kind: 'variants', text, truncated: false }
}

function ofValue (value: unknown): Preview {
  if (Buffer.isBuffer(value)) return ofBytes(value, undefined)
  if (typeof value === 'string') return ofText(value, false)
  const options = { depth: 6, maxArrayLength: 100, maxStringLength: 1000, breakLength: 80 }
  return ofText(inspect(value, options), false)
}

function ofBytes (bytes: Buffer, encoding: string | undefined): Preview {
  // A character has at most four bytes. A character cut off at the end is dropped.
  const start = bytes.subarray(0, MOST_TEXT * 4)
  const text = start.toString()
  const isText = encoding === undefined && !/[\0\ufffd]/.test(text.slice(0, -1))
  if (isText) return ofText(text, bytes.length > start.length)
  return {
    kind: 'bytes',
    text: bytes.toString('hex', 0, MOST_BYTES).replace(/(..)(?!$)/g, '$1 '),
    truncated: bytes.length > MOST_BYTES
  }
}

const ofText = (text: string, isCut: boolean): Preview => ({
  kind: 'text',
  text: text.slice(0, MOST_TEXT),
  truncated: isCut || text.length > MOST_TEXT
})
