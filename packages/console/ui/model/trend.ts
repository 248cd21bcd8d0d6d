import { type Summary } from './api.js'
import { duration, ms, percent } from './format.js'
import { type Range } from './ranges.js'

type Words = Pick<Range, 'within' | 'before'>

/** A large figure, compared with the preceding range. */
export interface Headline {
  readonly value: string
  /** The figure next to `value`, such as the latency of misses. */
  readonly against?: string
  readonly note: string
}

/**
 * Returns the hit ratio, the handler time saved, and the p50 of hits and misses, with their
 * changes.
 *
 * @param before the preceding range of the same length; undefined until it is known
 * @param range the ranges in words: `in the last hour`, `the hour before`
 */
export function headlines (
  now: Summary, before: Summary | undefined, range: Words
): Readonly<Record<'hitRatio' | 'saved' | 'latency', Headline>> {
  const [hit, miss] = [now.hitLatency.p50, now.missLatency.p50]
  return {
    hitRatio: {
      value: percent(now.hitRatio),
      note: compared(now, before, range, (was) =>
        was.hitRatio === null || now.hitRatio === null
          ? undefined
          : points(now.hitRatio - was.hitRatio)
      )
    },
    saved: {
      value: now.savedMs < 1000 ? ms(now.savedMs) : duration(now.savedMs),
      note: compared(now, before, range, ({ savedMs }) =>
        savedMs === 0 ? undefined : factor(now.savedMs / savedMs)
      )
    },
    latency: {
      value: ms(hit),
      against: ms(miss),
      note:
        hit === null || miss === null || hit === 0
          ? 'Compares hits with computed responses once there are both.'
          : `A hit is ${times(miss / hit)} as fast.`
    }
  }
}

function compared (
  now: Summary,
  before: Summary | undefined,
  range: Words,
  change: (before: Summary) => string | undefined
): string {
  if (before === undefined) return range.within
  if (before.requests === 0 || now.requests === 0) return `No requests in ${range.before}.`
  const changed = change(before)
  return changed === undefined ? range.within : `${changed} ${range.before}`
}

/** @example points(0.031) // '↑ 3.1 points from' */
function points (difference: number): string {
  const rounded = Math.round(Math.abs(difference) * 1000) / 10
  return rounded === 0
    ? 'the same as in'
    : `${difference > 0 ? '↑' : '↓'} ${rounded.toFixed(1)} points from`
}

/** @example factor(1.9) // '1.9× that of' */
const factor = (by: number): string => `${times(by)} that of`

/** @example times(1.9) // '1.9×' */
const times = (by: number): string => `${by < 10 ? by.toFixed(by < 0.1 ? 2 : 1) : Math.round(by)}×`
