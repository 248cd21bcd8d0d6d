import type { Algorithm, State } from './algorithm.js'

// A window of a second is told apart to 4 ms, of an hour to 14 seconds.
const MOMENTS = 256

/**
 * An exact log: each use counts until the window since it has passed, so that no span of one window
 * holds more than the limit, and the moment at which there is room is known. The usual
 * approximation by two counters can do neither: it supposes that the window before was used evenly,
 * lets almost twice the limit through at a boundary, and can only guess when to try again.
 *
 * What that costs is bounded. Up to a limit of 256 times are exact to the microsecond; above it
 * they are rounded up to a 256th of the window and those that are equal are one: the log never has
 * more than 257 moments, some 4 KiB, and a use counts up to a 256th longer than it has to, never
 * shorter.
 *
 * Meter: limit, window, moment. State: pairs of a time and what was used in all up to then,
 * ascending; the first pair is the last that no longer counts.
 */
export const slidingWindow: Algorithm = {
  meter: (limit, window) => [limit, window, limit <= MOMENTS ? 1 : Math.ceil(window / MOMENTS)],

  settle ([, window, moment], state, now) {
    if (state === undefined) return [now - window, 0]
    const late = Math.max(0, timeAt(state, last(state)) - roundUp(now, moment))
    const moved = late === 0 ? state : state.map((value, i) => i % 2 === 0 ? value - late : value)
    return moved.slice(2 * (first(moved, (i) => timeAt(moved, i) + window > now) - 1))
  },

  isAhead: ([, , moment], state, now) => timeAt(state, last(state)) > roundUp(now, moment),

  wait ([limit, window], state, now, cost) {
    const toLeave = totalAt(state, last(state)) + cost - limit
    if (toLeave <= totalAt(state, 0)) return 0
    return timeAt(state, first(state, (i) => totalAt(state, i) >= toLeave)) + window - now
  },

  use ([, , moment], state, now, cost) {
    const time = roundUp(now, moment)
    const end = last(state)
    const others = timeAt(state, end) === time ? state.slice(0, -2) : state
    return [...others, time, totalAt(state, end) + cost]
  },

  remaining: ([limit], state) => limit - (totalAt(state, last(state)) - totalAt(state, 0)),

  again ([limit, window, moment], state, now, amount) {
    const total = totalAt(state, last(state))
    const room = limit - (total - totalAt(state, 0))
    const toLeave = total + (amount <= room ? 2 : 1) * amount - limit
    const isOfNow = toLeave > total
    return (
      (isOfNow
        ? roundUp(now, moment)
        : timeAt(
          state,
          first(state, (i) => totalAt(state, i) >= toLeave)
        )) +
      window -
      now
    )
  },

  full ([, window], state, now) {
    const end = last(state)
    return end === 0 ? 0 : timeAt(state, end) + window - now
  }
}

const last = (state: State) => state.length / 2 - 1
const timeAt = (state: State, i: number) => state[2 * i] ?? 0
const totalAt = (state: State, i: number) => state[2 * i + 1] ?? 0
const roundUp = (now: number, moment: number) => Math.ceil(now / moment) * moment

/**
 * The first pair after that which no longer counts for which it holds, as then for all that follow;
 * one beyond the last if none.
 */
function first (state: State, holds: (i: number) => boolean): number {
  let [low, high] = [1, state.length / 2]
  while (low < high) {
    const middle = Math.floor((low + high) / 2)
    if (holds(middle)) high = middle
    else low = middle + 1
  }
  return low
}
