import { mock } from 'node:test'
import { type Test } from 'tap'

/** Stops the wall clock until the end of the test; timers continue in real time. */
export function stopClock (t: Test): { advance (ms: number): void } {
  mock.timers.enable({ apis: ['Date'], now: Math.floor(Date.now() / 1000) * 1000 })
  t.teardown(() => { mock.timers.reset() })
  return { advance: (ms) => { mock.timers.setTime(Date.now() + ms) } }
}
