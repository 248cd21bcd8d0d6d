import { mock } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import type { Test } from 'tap'

/** A clock that stands still until the test moves it, in milliseconds. */
export interface StoppedClock {
  readonly now: number
  advance (ms: number): void
}

/** Stops the monotonic clock, `performance.now()`, until the end of the test. */
export function stopMonotonic (t: Test, start = 1_000_000): StoppedClock {
  const clock = { now: start, advance (ms: number) { clock.now += ms } }
  const mocked = mock.method(performance, 'now', () => clock.now)
  t.teardown(() => { mocked.mock.restore() })
  return clock
}

/**
 * Like `stopMonotonic`, with timers. Their work continues in the turns after `advance`, and is done
 * once it resolves.
 */
export function stopTimers (t: Test): { advance (ms: number): Promise<void> } {
  const clock = stopMonotonic(t)
  mock.timers.enable({ apis: ['setTimeout'] })
  t.teardown(() => { mock.timers.reset() })
  return {
    async advance (ms) {
      clock.advance(ms)
      mock.timers.tick(ms)
      await setImmediate()
    }
  }
}

/** Stops `Date` until the end of the test. */
export function stopDate (t: Test): StoppedClock {
  mock.timers.enable({ apis: ['Date'], now: Date.UTC(2030, 0, 1) })
  t.teardown(() => { mock.timers.reset() })
  return {
    get now () { return Date.now() },
    advance (ms) { mock.timers.setTime(Date.now() + ms) }
  }
}
