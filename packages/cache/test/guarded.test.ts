import t from 'tap'
import { createCache } from '../src/index.js'
import { guardedStore } from '../src/stores/guarded.js'
import { memoryStore } from '../src/stores/memory.js'
import { steeredStore } from './steered-store.js'

const OPTIONS = { ttl: '1h', tags: ['tag'] } as const

t.test(
  'while the store is untrusted nothing is read from it, and writes made meanwhile take effect afterward',
  async (t) => {
    let trusted = true
    const cache = createCache<string>({
      store: guardedStore(memoryStore(), () => trusted),
      namespace: 'n'
    })
    await cache.remember('key', OPTIONS, () => 'first')
    t.equal(cache.lookup('key')?.entry.value, 'first')

    trusted = false
    t.equal(cache.lookup('key'), undefined)
    t.equal(await cache.get('key'), undefined)
    t.strictSame(await cache.getMany(['key']), [undefined])
    t.equal(await cache.remember('key', OPTIONS, () => 'second'), 'second')
    t.equal(await cache.remember('key', OPTIONS, () => 'third'), 'third', 'each is computed')

    trusted = true
    t.equal(await cache.get('key'), 'third')
    await cache.invalidate(['tag'])
    t.equal(await cache.get('key'), undefined)
  }
)

t.test('losing trust while the store is asked counts', async (t) => {
  let trusted = true
  const steered = steeredStore({ judgesLocally: false })
  const cache = createCache<string>({
    store: guardedStore(steered.store, () => trusted),
    namespace: 'n',
    l1: false
  })
  await cache.remember('key', OPTIONS, () => 'first')
  steered.after.get = () => { trusted = false }
  t.equal(await cache.get('key'), undefined)
})
