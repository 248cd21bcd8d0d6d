import { mock } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import type { Test } from 'tap'

export interface Clock {
  /** Moves on, a little at a time, and lets everything happen that then does. */
  advance (ms: number): Promise<void>
  /**
   * Moves on in one leap, as a stalled event loop sees it: timers that are due have not run yet.
   */
  leap (ms: number): void
}

/**
 * `performance.now()` and `setTimeout` stand still to the end of the test, and move when the test
 * says so.
 */
export function stopClock (t: Test): Clock {
  let now = 1_000_000
  const reading = mock.method(performance, 'now', () => now)
  mock.timers.enable({ apis: ['setTimeout'] })
  t.teardown(() => {
    mock.timers.reset()
    reading.mock.restore()
  })
  return {
    async advance (ms) {
      const step = 10
      for (let left = ms; left > 0; left -= step) {
        now += Math.min(step, left)
        mock.timers.tick(Math.min(step, left))
        await settled()
      }
    },
    leap (ms) { now += ms }
  }
}

/**
 * Everything has happened that can without another event: SQLite answers at once, so all of it is
 * microtasks.
 */
export const settled = () => setImmediate()
