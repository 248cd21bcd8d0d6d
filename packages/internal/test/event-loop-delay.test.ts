import { mock } from 'node:test'
import t, { type Test } from 'tap'
import { EventLoopDelay } from '../src/index.js'

/** The clock, the timers and the loop's working time, all controlled by the test. */
function setUp (t: Test) {
  const clock = { now: 1000, active: 0 }
  t.intercept(performance, 'now', { value: () => clock.now })
  t.intercept(performance, 'eventLoopUtilization', {
    value: (after?: Loop, before?: Loop) => {
      if (after !== undefined && before !== undefined) {
        const active = after.active - before.active
        const idle = after.idle - before.idle
        return { active, idle, utilization: active / (active + idle) }
      }
      return { active: clock.active, idle: clock.now - clock.active, utilization: 0 }
    }
  })
  mock.timers.enable({ apis: ['setTimeout'] })
  t.teardown(() => { mock.timers.reset() })
  const delay = new EventLoopDelay()
  t.teardown(() => { delay.close() })
  /**
   * Lets milliseconds pass, of which the loop works the given part. The work is one block at the
   * end, and delays timers.
   */
  const pass = (ms: number, work = 0) => {
    for (let i = 0; i < ms; i++) {
      clock.now++
      clock.active += work
      mock.timers.tick(1)
    }
  }
  const block = (ms: number) => {
    clock.now += ms
    clock.active += ms
    mock.timers.tick(ms)
  }
  return { delay, pass, block, clock }
}

interface Loop { readonly active: number, readonly idle: number }

/** The samples so far, which differ by delay: a timer that is never late gives 0. */
const figures = ({ min, max, mean, stddev }: EventLoopDelay) => ({ min, max, mean, stddev })
const NOTHING = { min: 0, max: 0, mean: 0, stddev: 0 }

t.test('without samples there is no delay', async (t) => {
  const { delay } = setUp(t)
  t.strictSame(figures(delay), NOTHING)
  t.equal(delay.percentile(99), 0)
})

t.test('a busy loop is sampled 100 times a second, a quiet one once', async (t) => {
  const { pass } = setUp(t)
  const set = t.capture(globalThis, 'setTimeout', globalThis.setTimeout)
  const wakes = (ms: number, work: number) => {
    set()
    pass(ms, work)
    return set().length
  }
  t.equal(wakes(1000, 0.021), 100, 'it starts in busy mode')
  t.equal(wakes(1000, 0.021), 100)
  wakes(1000, 0.019)
  t.equal(wakes(10_000, 0.019), 10, 'quiet: it works for less than 20 ms a second')
  wakes(1000, 0.021)
  t.equal(wakes(1000, 0.021), 100, 'busy again')
})

t.test('a block is detected whether or not the loop was quiet before', async (t) => {
  for (const [what, work, samples] of [['quiet', 0, 100], ['busy', 0.5, 1]] as const) {
    await t.test(what, async (t) => {
      const { delay, pass, block } = setUp(t)
      pass(3000, work)
      delay.reset()
      block(3000)
      t.ok(delay.mean <= 3000 / samples, `${delay.mean} ms`)
      pass(1000, work)
      t.ok(delay.max > 1900, `${delay.max} ms`)
      t.ok(delay.percentile(99.9) > 1900)
      delay.reset()
      t.strictSame(figures(delay), NOTHING)
    })
  }
})

t.test('each instance measures independently, and stops when closed', async (t) => {
  const { delay, pass, block } = setUp(t)
  const other = new EventLoopDelay()
  t.teardown(() => { other.close() })
  pass(100, 0.5)
  block(500)
  other.reset()
  delay.close()
  t.ok(delay.max > 400)
  delay.reset()
  t.equal(other.max, 0)
  block(500)
  t.ok(other.max > 400)
  t.equal(delay.max, 0)
})

t.test('no timer is left when the last one is closed, and another starts anew', async (t) => {
  const { delay, clock, pass } = setUp(t)
  delay.close()
  clock.now += 60_000
  const next = new EventLoopDelay()
  t.teardown(() => { next.close() })
  pass(10, 0.5)
  t.ok(next.max < 5, 'the time between does not count')
  const recorded = t.captureFn(() => {})
  next.record = recorded
  pass(1000, 0.5)
  t.equal(recorded.calls.length, 100)
})
