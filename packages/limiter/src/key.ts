import { shown } from '@weir/internal'
import { LimiterError } from './errors.js'

/**
 * Returns the key of a client's budget in a group.
 *
 * Routes of one group share the budget; different groups are separate.
 * @param group letters, digits, `.` `_` `-`
 * @param identity the owner of the budget; any text, but preferably a digest rather than a person's
 *   name
 * @throws LimiterError WEIR_LIMITER_INVALID_KEY
 * @example limitKey('search', 'user:42') // 'search:user:42'
 */
export function limitKey (group: string, identity: string): string {
  if (!/^[\w.-]+$/.test(group)) {
    throw new LimiterError(
      'WEIR_LIMITER_INVALID_KEY',
      `Group ${shown(group)}: use letters, digits, "." "_" or "-"`
    )
  }
  return `${group}:${identity}`
}
