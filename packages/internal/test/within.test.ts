import { mock } from 'node:test'
import t from 'tap'
import { within } from '../src/index.js'

const late = () => new TypeError('late')

t.test('settles like the promise', async (t) => {
  t.equal(await within(1000, Promise.resolve(1), late), 1)
  await t.rejects(within(1000, Promise.reject(new Error('its own')), late), { message: 'its own' })
})

t.test('rejects with the given error after the time limit', async (t) => {
  mock.timers.enable({ apis: ['setTimeout'] })
  t.teardown(() => { mock.timers.reset() })
  let fail = (_error: Error) => {}
  const promise = new Promise<never>((_resolve, reject) => { fail = reject })
  const waiting = within(10, promise, late)
  mock.timers.tick(10)
  await t.rejects(waiting, { name: 'TypeError', message: 'late' })
  // A later failure has no handler: it must not crash the process.
  fail(new Error('later'))
})
