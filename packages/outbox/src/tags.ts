import { createHash } from 'node:crypto'
import { shown } from '@weir/internal'
import { OutboxError } from './errors.js'

// What a cache would refuse must not get into the table: a row that can never be delivered keeps
// the cache unused for good.
const LONE_SURROGATE = /\p{Cs}/u

/** @throws OutboxError WEIR_OUTBOX_INVALID_TAG */
export function checkTags (tags: readonly unknown[]): void {
  if (!Array.isArray(tags)) {
    throw new OutboxError('WEIR_OUTBOX_INVALID_TAG', `${shown(tags)}, not in an array,`)
  }
  for (const tag of tags as readonly unknown[]) {
    if (!isName(tag)) throw new OutboxError('WEIR_OUTBOX_INVALID_TAG', shown(tag))
  }
}

/** Whether every cache takes it for a tag or a key. */
export const isName = (value: unknown): value is string =>
  typeof value === 'string' && value !== '' && !LONE_SURROGATE.test(value)

/**
 * 128 bits of a tag of any length, as an index takes them. Two tags that share them would be
 * delivered together, no more.
 */
export const hashOf = (tag: string) => createHash('sha256').update(tag).digest('hex').slice(0, 32)

/** The tag of a row; undefined if the column holds none. */
export function readTag (column: unknown): string | undefined {
  const tag = parsed(column)
  return typeof tag === 'string' && tag !== '' ? tag : undefined
}

/**
 * The tags of a row of version 0.1. Kysely's ParseJSONResultsPlugin may have parsed them already.
 */
export function readTags (column: unknown): readonly string[] | undefined {
  const tags = parsed(column)
  return Array.isArray(tags) && tags.every((tag) => typeof tag === 'string') ? tags : undefined
}

function parsed (column: unknown): unknown {
  if (typeof column !== 'string') return column
  try {
    return JSON.parse(column)
  } catch {
    return undefined
  }
}
