import { unusableRange } from '../errors.js'
import { type Step } from '../db/schema.js'
import { type Part, minutesOf, oldestMinute } from './range.js'
import { HOUR, hourOf, MINUTE } from './time.js'

/** Maximum number of points in one response. */
const MOST = 1500
/** Number of points if no range is given. */
const DEFAULT = 60

/** Length of a step, in minutes. */
export const LENGTH: Readonly<Record<Step, number>> = { minute: 1, hour: HOUR }

/**
 * Returns the minutes or hours from `from` to `to`; by default the last 60. All times are in ms.
 * @throws STATS_ERR_RANGE (400)
 */
export function stepsOf (
  { from, to, step }: { from?: number; to?: number; step: Step },
  now: number
): Part {
  const length = LENGTH[step]
  const minutes = minutesOf(from ?? (to ?? now) - (DEFAULT - 1) * length * MINUTE, to ?? now, now)
  if (step === 'minute' && minutes.first < oldestMinute(now)) {
    throw unusableRange(
      'from',
      'is too long ago for minutes, which are kept for two days: ask for step=hour, or for a later from'
    )
  }
  const first = step === 'hour' ? hourOf(minutes.first) : minutes.first
  const points = Math.ceil((minutes.end - first) / length)
  if (points > MOST) {
    const instead = step === 'minute' ? 'for step=hour, or for less time' : 'for less time'
    throw unusableRange(
      'from',
      `is ${points} points before to, of which one answer has ${MOST} at most: ask ${instead}`
    )
  }
  return { step, first, end: first + points * length }
}
