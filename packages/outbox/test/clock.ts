import { mock } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import type { Test } from 'tap'

export interface Clock {
  /** Moves on in small steps, with all consequences of each. */
  advance (ms: number): Promise<void>
  /** Moves on in one leap, like a stalled event loop: timers that are due have not run yet. */
  leap (ms: number): void
}

/** Stops `performance.now()` and `setTimeout` until the end of the test; the test moves them. */
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
 * Resolves when everything that needs no other event has happened: SQLite answers synchronously, so
 * all of it is microtasks.
 */
export const settled = () => setImmediate()
