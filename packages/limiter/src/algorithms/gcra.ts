import type { Algorithm, Meter, State } from './algorithm.js'

// Half of the exact range, so that a level and a cost can be added.
const HIGHEST = 2 ** 52

/**
 * The generic cell rate algorithm as a leaky bucket (equivalent by ITU-T I.371 annex A).
 *
 * Each use raises a level, which sinks at the policy's rate and may not rise above the burst.
 *
 * Meter: the highest level, the amount that a cost of 1 adds, and the amount that leaks per
 * microsecond, in units that make all three integers: 3 per second would be 333,333.3 microseconds
 * each, whereas a cost of 1,000,000 that leaks by 3 is exact. State: time, level.
 */
export const gcra: Algorithm = {
  meter (limit, window, burst) {
    const divisor = greatestCommonDivisor(limit, window)
    // If exact numbers would be too large, the rate is reduced by an immeasurable fraction (below
    // 1e-6).
    const leak = Math.min(
      limit / divisor,
      Math.max(1, Math.floor((HIGHEST / burst / window) * limit))
    )
    const unit = leak === limit / divisor ? window / divisor : Math.ceil((window / limit) * leak)
    return [burst * unit, unit, leak]
  },

  settle ([, , leak], state, now) {
    if (state === undefined) return [now, 0]
    const [at, level] = read(state)
    return [now, Math.max(0, level - Math.max(0, now - at) * leak)]
  },

  isAhead: (_meter, state, now) => read(state)[0] > now,

  wait: ([highest, unit, leak], state, _now, cost) =>
    Math.max(0, Math.ceil((read(state)[1] + cost * unit - highest) / leak)),

  use: ([, unit], state, now, cost) => [now, read(state)[1] + cost * unit],

  remaining: ([highest, unit], state) => Math.floor((highest - read(state)[1]) / unit),

  again ([highest, unit, leak], state, _now, amount) {
    const room = highest - read(state)[1]
    const used = amount * unit <= room ? amount : 0
    return Math.max(0, Math.ceil((amount * unit - (room - used * unit)) / leak))
  },

  full: ([, , leak]: Meter, state) => Math.ceil(read(state)[1] / leak)
}

const read = ([at = 0, level = 0]: State): [at: number, level: number] => [at, level]

function greatestCommonDivisor (a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b)
}
