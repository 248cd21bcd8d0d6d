import { shown } from '@weir/internal'
import { OutboxError } from './errors.js'

// What a cache would refuse must not get into the table: a row that can never be delivered keeps the cache unused for good.
const LONE_SURROGATE = /\p{Cs}/u
// eslint-disable-next-line no-control-regex -- control characters are what is refused
const CONTROL = /[\u0000-\u001f\u007f]/

// A cache's tag for one of its keys begins with this, so that no tag that people name can be one.
const KEY_MARK = '\u0001'

/** @throws OutboxError WEIR_OUTBOX_INVALID_TAG */
export function checkTags (tags: readonly unknown[]): void {
  if (!Array.isArray(tags)) throw new OutboxError('WEIR_OUTBOX_INVALID_TAG', `${shown(tags)}, not in an array,`)
  for (const tag of tags as readonly unknown[]) {
    const name: unknown = typeof tag === 'string' && tag.startsWith(KEY_MARK) ? tag.slice(KEY_MARK.length) : tag
    if (typeof name !== 'string' || name === '' || CONTROL.test(name) || LONE_SURROGATE.test(name)) {
      throw new OutboxError('WEIR_OUTBOX_INVALID_TAG', shown(tag))
    }
  }
}

/** The tags of a row; undefined if what it holds is no list of strings. Kysely's ParseJSONResultsPlugin may have parsed it already. */
export function readTags (column: unknown): readonly string[] | undefined {
  let tags = column
  if (typeof column === 'string') {
    try {
      tags = JSON.parse(column)
    } catch {
      return undefined
    }
  }
  return Array.isArray(tags) && tags.every((tag) => typeof tag === 'string') ? tags : undefined
}
