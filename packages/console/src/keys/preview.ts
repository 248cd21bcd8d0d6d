import { inspect } from 'node:util'
import { type FoundEntry } from './entries.js'

/** The beginning of a value, for people. */
export interface Preview {
  readonly kind: 'text' | 'bytes' | 'variants' | 'unreadable'
  readonly text: string
  readonly truncated: boolean
}

// Characters of text, and bytes that are shown as hexadecimal digits.
const MOST_TEXT = 4096
const MOST_BYTES = 256

/** The first 4,096 characters of what an entry holds; the first 256 bytes where it is no text. */
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
  // A character has four bytes at most; one that is cut in two at the end is none.
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
