import type { Algorithm, State } from './algorithm.js'

// The resolution of a 1-second window is 4 ms, that of a 1-hour window 14 seconds.
const MOMENTS = 256

/**
 * An exact log: each use counts until the window after it has passed.
 *
 * No span of one window contains more than the limit, and the moment at which capacity returns is
 * known. The usual approximation with two counters offers neither: it assumes that the previous
 * window was used evenly, allows almost twice the limit at a boundary, and can only guess when to
 * retry.
 *
 * The cost is bounded. Up to a limit of 256, times are exact to the microsecond. Above it they are
 * rounded up to a 256th of the window and equal ones are merged: the log never has more than 257
 * moments, about 4 KiB, and a use counts up to a 256th longer than necessary, never shorter.
 *
 * Meter: limit, window, moment. State: pairs of a time and the total used up to it, ascending; the
 * first pair is the last one that no longer counts.
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
 * Returns the index of the first counted pair that meets the condition, which then holds for all
 * later ones; one past the end if none does.
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
