import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import t from 'tap'
import { createLimiter, definePolicy, memoryStore } from '../src/index.js'
import { SteeredStore } from './steered-store.js'

t.test('calls of the store are traced, and decisions without one are not', async (t) => {
  const ended: unknown[] = []
  const note = (message: unknown) => { ended.push(message) }
  subscribe('tracing:weir:limiter:call:asyncEnd', note)
  t.teardown(() => { unsubscribe('tracing:weir:limiter:call:asyncEnd', note) })
  const store = new SteeredStore(memoryStore())
  const limiter = createLimiter({ store })
  t.teardown(() => { limiter.close() })
  const policies = [definePolicy({ name: 'second', limit: 1, window: 60_000 })]
  await limiter.consume('key', policies)
  await limiter.consume('key', policies)
  t.equal(ended.length, 2)
  t.notOk((await limiter.consume('key', policies)).allowed)
  t.equal(ended.length, 2, 'a remembered denial')
  await limiter.peek('key', policies)
  await limiter.reset('key')
  store.fail()
  await limiter.consume('key', policies)
  t.match(ended, [
    { store: 'steered', operation: 'take', policies: ['second'], error: undefined },
    { operation: 'take' },
    { operation: 'peek' },
    { operation: 'reset', policies: [] },
    { operation: 'take', error: { message: 'no answer' } }
  ])

  const memory = createLimiter({ store: memoryStore() })
  t.notOk(memory.take('key', policies) instanceof Promise, 'an answer at once remains one')
})
