import { mock } from 'node:test'
import type { Test } from 'tap'

/** A time later than any real one, so that no stamp of the real clock is above it. */
export const NOW = Date.UTC(2100, 0, 1)

/** Stops `Date` until the end of the test; the test moves it, in milliseconds. */
export function stopDate (t: Test): { advance (ms: number): void } {
  return stop(t, ['Date'])
}

/** Like `stopDate`, but also stops `setTimeout`. */
export function stopTimers (t: Test): { advance (ms: number): void } {
  return stop(t, ['Date', 'setTimeout'])
}

function stop (t: Test, apis: ('Date' | 'setTimeout')[]) {
  mock.timers.enable({ apis, now: NOW })
  t.teardown(() => { mock.timers.reset() })
  return { advance: (ms: number) => { mock.timers.tick(ms) } }
}
