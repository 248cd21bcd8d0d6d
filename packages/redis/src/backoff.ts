const FIRST = 25
const LONGEST = 1000
const JITTER = 0.25

/**
 * Returns the pause before the next connection attempt, in milliseconds.
 *
 * It doubles from 25 ms to one second and varies by a quarter, so that the instances of a fleet do
 * not all connect at once.
 * @param failures number of consecutive failed attempts, from 0
 */
export function pauseAfter (failures: number, random: () => number = Math.random): number {
  const pause = Math.min(LONGEST, FIRST * 2 ** Math.min(failures, 10))
  return Math.round(pause * (1 - JITTER + 2 * JITTER * random()))
}
