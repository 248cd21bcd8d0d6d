import { shown } from '@weir/internal'
import { LimiterError } from './errors.js'

/**
 * The key of somebody's budget in a group: routes of one group share it, different groups never
 * meet.
 * @param group letters, digits, `.` `_` `-`
 * @param identity whose budget it is; any text, but better a digest than what names a person
 * @throws LimiterError WEIR_LIMITER_INVALID_KEY
 * @example limitKey('search', 'user:42') // 'search:user:42'
 */
export function limitKey (group: string, identity: string): string {
  if (!/^[\w.-]+$/.test(group)) {
    throw new LimiterError(
      'WEIR_LIMITER_INVALID_KEY',
      `Group ${shown(group)}: give letters, digits, "." "_" or "-"`
    )
  }
  return `${group}:${identity}`
}
