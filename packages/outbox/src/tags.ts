import { createHash } from 'node:crypto'
import { shown } from '@weir/internal'
import { OutboxError } from './errors.js'

// Tags that a cache would reject must not enter the table: a row that can never be delivered
// disables the cache permanently.
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

/** Reports whether every cache accepts it as a tag or key. */
export const isName = (value: unknown): value is string =>
  typeof value === 'string' && value !== '' && !LONE_SURROGATE.test(value)

/**
 * Returns 128 bits of a tag of any length, for use in an index. Two tags with the same hash are
 * merely delivered together.
 */
export const hashOf = (tag: string) => createHash('sha256').update(tag).digest('hex').slice(0, 32)

/** Returns the tag of a row; undefined if the column is invalid. */
export function readTag (column: unknown): string | undefined {
  const tag = parsed(column)
  return typeof tag === 'string' && tag !== '' ? tag : undefined
}

/**
 * Returns the tags of a row of version 0.1. Kysely's ParseJSONResultsPlugin may have parsed them
 * already.
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
