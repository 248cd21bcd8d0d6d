import { mock } from 'node:test'
import type { Test } from 'tap'

/** A moment later than any real one, so that no stamp of the real clock is above it. */
export const NOW = Date.UTC(2100, 0, 1)

/**
 * `Date` stands still from now to the end of the test, and moves when the test says so, in
 * milliseconds.
 */
export function stopDate (t: Test): { advance (ms: number): void } {
  return stop(t, ['Date'])
}

/** As `stopDate`, and `setTimeout` with it. */
export function stopTimers (t: Test): { advance (ms: number): void } {
  return stop(t, ['Date', 'setTimeout'])
}

function stop (t: Test, apis: ('Date' | 'setTimeout')[]) {
  mock.timers.enable({ apis, now: NOW })
  t.teardown(() => { mock.timers.reset() })
  return { advance: (ms: number) => { mock.timers.tick(ms) } }
}
