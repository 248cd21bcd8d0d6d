import t from 'tap'
import { mock } from 'node:test'
import { memoryStore } from '../src/stores/memory.js'
import { frameOf } from './frames.js'
import { storeContract } from './store-contract.js'

storeContract(t, 'memory', { shared: false, persistent: false }, async (t) => {
  const stores: ReturnType<typeof memoryStore>[] = []
  return {
    async open (options) {
      const store = memoryStore(options)
      stores.push(store)
      t.teardown(() => store.close())
      return store
    },
    async setClock (namespace, clock) {
      mock.timers.enable({ apis: ['Date'], now: clock / 1000 })
      for (const store of stores) await store.namespace(namespace).validity.stamp()
      mock.timers.reset()
    }
  }
})

t.test('limited by count and bytes; the least recently used are evicted first', async (t) => {
  const counted = memoryStore({ maxEntries: 2 }).namespace('n').entries
  for (const key of ['a', 'b']) await counted.set(key, frameOf(1, key), 1000)
  await counted.get(['a'])
  await counted.set('c', frameOf(1, 'c'), 1000)
  t.strictSame(
    (await counted.get(['a', 'b', 'c'])).map((frame) => frame !== undefined),
    [true, false, true]
  )

  const weighed = memoryStore({ maxBytes: 100_000 }).namespace('n').entries
  for (let i = 0; i < 20; i++) await weighed.set(`key-${i}`, frameOf(1, Buffer.alloc(10_000)), 1000)
  const kept = (await weighed.get(Array.from({ length: 20 }, (_, i) => `key-${i}`))).map(
    (frame) => frame !== undefined
  )
  t.strictSame(kept, [...Array<boolean>(11).fill(false), ...Array<boolean>(9).fill(true)])
  await weighed.set('key-19', frameOf(2, Buffer.alloc(200_000)), 1000)
  t.strictSame(
    await weighed.get(['key-19']),
    [undefined],
    'a value that does not fit at all is not kept, nor is the one it replaces'
  )
})
