import { readFile } from 'node:fs/promises'
import { mock } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { Subscription } from '../src/stores/redis/subscription.js'

const page = await readFile(new URL('../../../../docs/growth.md', import.meta.url), 'utf8')

/** The number on the page that the pattern captures. */
function stated (t: Test, pattern: RegExp): number {
  const found = pattern.exec(page)?.[1]
  t.type(found, 'string', `docs/growth.md has ${pattern}`)
  return Number(found)
}

/** Counts an instance's proofs under a clock that the test moves. */
async function proofs (t: Test, lease: number, seconds: number, read: boolean): Promise<number> {
  let [now, count] = [performance.now(), 0]
  t.intercept(performance, 'now', { value: () => now })
  mock.timers.enable({ apis: ['setTimeout'] })
  t.teardown(() => { mock.timers.reset() })
  const subscription = new Subscription(async () => ({
    id: 'node',
    listen (events) {
      queueMicrotask(() => { events.ready() })
      return { subscribe: async () => {}, prove: async () => { count++ }, close () {} }
    }
  }), lease)
  t.teardown(() => { subscription.close() })
  subscription.listen('channel', { subscribed () {}, heard () {}, lost () {} })
  const step = 5
  const advance = async (ms: number) => {
    for (let passed = 0; passed < ms; passed += step) {
      now += step
      mock.timers.tick(step)
      if (read) subscription.isCoherent()
      await setImmediate()
    }
  }
  // Waits until the instance is idle, if it is not read.
  await advance(stated(t, /from (\d+) s after the last read/) * 1000 + 1000)
  count = 0
  await advance(seconds * 1000)
  return count
}

for (const lease of [50, 100, 250]) {
  t.test(
    `docs/growth.md: proofs of an instance that is read, under a lease of ${lease} ms`,
    async (t) => {
      const perLease = stated(t, /\| proofs, reading \| `(\d+) \/ lease`/)
      t.equal(await proofs(t, lease, 5, true), (perLease * 5 * 1000) / lease)
    }
  )
}

t.test('docs/growth.md: proofs of an idle instance', async (t) => {
  t.equal(await proofs(t, 50, 5, false), stated(t, /\| proofs, idle \| `(\d+)`/) * 5)
})
