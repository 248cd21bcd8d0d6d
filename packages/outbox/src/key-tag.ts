import { shown } from '@weir/internal'
import { OutboxError } from './errors.js'
import { isName } from './tags.js'

/**
 * Returns the tag that an entry of @weir/cache carries for its own key (its `keyTag`).
 *
 * Not imported, because the outbox works with any cache and requires none. A test compares the two.
 * @throws OutboxError WEIR_OUTBOX_INVALID_KEY
 */
export function keyTag (key: unknown): string {
  if (isName(key)) return `\u0001${key}`
  throw new OutboxError('WEIR_OUTBOX_INVALID_KEY', shown(key))
}
