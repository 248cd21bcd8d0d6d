import t from 'tap'
import { definePolicy, memoryStore } from '../src/index.js'
import { stopMonotonic } from './clock.js'
import { storeContract } from './store-contract.js'

storeContract(t, 'memory', async (t) => {
  const clock = stopMonotonic(t)
  return {
    shared: false,
    async open () {
      const store = memoryStore()
      t.teardown(() => store.close())
      return store
    },
    async advance (_key, ms) {
      clock.advance(ms)
    }
  }
})

t.test('it keeps at most maxKeys keys, the most recent ones', async (t) => {
  const store = memoryStore({ maxKeys: 2 })
  const policy = definePolicy({
    name: 'p',
    limit: 5,
    window: 3_600_000,
    algorithm: 'sliding-window'
  })
  const take = async (key: string) => (await store.take(key, [policy], 1))[0]?.remaining
  t.strictSame([await take('a'), await take('b'), await take('a'), await take('c')], [4, 4, 3, 4])
  t.strictSame([await take('a'), await take('b')], [2, 4])
})

t.test('an invalid limit is rejected', async (t) => {
  for (const maxKeys of [0, -1, 1.5, NaN, Infinity]) {
    t.throws(() => memoryStore({ maxKeys }), { code: 'WEIR_LIMITER_INVALID_OPTION' })
  }
})
