import { mock } from 'node:test'
import { type Test } from 'tap'

export interface Clock {
  readonly advance: (seconds: number) => void
  /** An HTTP-date `seconds` from now. */
  readonly at: (seconds: number) => string
}

/**
 * Stops the clock of app and origin until the end of the test, so that ages and lifetimes are
 * exact.
 */
export function stopClock (t: Test): Clock {
  mock.timers.enable({ apis: ['Date'], now: Math.floor(Date.now() / 1000) * 1000 })
  t.teardown(() => { mock.timers.reset() })
  return {
    advance: (seconds) => { mock.timers.tick(seconds * 1000) },
    at: (seconds) => new Date(Date.now() + seconds * 1000).toUTCString()
  }
}
