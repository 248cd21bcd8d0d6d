import { type Duration, parseDuration } from '../duration.js'
import { CacheError, shown } from '../errors.js'

const LONGEST = 3_600_000

/**
 * Returns the `lease` option in milliseconds.
 * @throws CacheError WEIR_CACHE_INVALID_DURATION, WEIR_CACHE_INVALID_OPTION
 */
export function leaseOf (lease: Duration): number {
  const milliseconds = parseDuration(lease, 'lease')
  if (milliseconds <= LONGEST) return milliseconds
  throw new CacheError(
    'WEIR_CACHE_INVALID_OPTION',
    `lease ${shown(lease)}: use at most '1h': strict writes wait for it to end`
  )
}
