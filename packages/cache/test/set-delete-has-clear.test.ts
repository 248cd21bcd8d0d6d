import t from 'tap'
import { createCache } from '../src/index.js'
import { memoryStore } from '../src/stores/memory.js'
import { steeredStore } from './steered-store.js'

const OPTIONS = { ttl: '1m', tags: ['tag'] } as const

t.test('set: visible to every instance, and returns true', async (t) => {
  const store = memoryStore()
  const [a, b] = [
    createCache<string>({ store, namespace: 'n' }),
    createCache<string>({ store, namespace: 'n' })
  ]
  t.ok(await a.set('key', 'value', OPTIONS))
  t.strictSame([await a.get('key'), await b.get('key')], ['value', 'value'])
  t.ok(await a.set('key', 'value 2', OPTIONS))
  t.equal(await a.get('key'), 'value 2')
})

for (const judgesLocally of [true, false]) {
  t.test(
    `set: false if it was invalidated while in progress (${judgesLocally ? 'judged here' : 'the store is asked'})`,
    async (t) => {
      const steered = steeredStore({ judgesLocally })
      const cache = createCache<string>({ store: steered.store, namespace: 'n' })
      for (const method of ['callStamp', 'replace'] as const) {
        steered.after[method] = async () => {
          steered.after = {}
          await cache.invalidate(['tag'])
        }
        steered.asked.length = 0
        t.notOk(await cache.set('key', 'value', OPTIONS))
        t.equal(
          steered.asked.includes('set'),
          !judgesLocally && method === 'replace',
          'an entry known to be invalid is not sent'
        )
        t.equal(cache.stats().l1.entries, 0)
        t.notOk(await cache.has('key'))
        t.equal(cache.stats().stores, 0)
      }
    }
  )
}

t.test('set: of several concurrent calls, the last one wins', async (t) => {
  const cache = createCache<string>({ store: memoryStore(), namespace: 'n' })
  const kept = await Promise.all(['a', 'b', 'c'].map((value) => cache.set('key', value, OPTIONS)))
  t.ok(kept[2])
  t.equal(await cache.get('key'), 'c')
})

t.test('delete: only that key, even if it does not exist', async (t) => {
  const cache = createCache<string>({ store: memoryStore(), namespace: 'n' })
  await cache.set('a', 'a', OPTIONS)
  await cache.set('b', 'b', OPTIONS)
  await cache.delete('a')
  await cache.delete('none')
  t.strictSame([await cache.has('a'), await cache.has('b')], [false, true])
  await cache.set('a', 'again', OPTIONS)
  t.equal(await cache.get('a'), 'again')
})

t.test('delete: an entry that the store fails to delete is invalid anyway', async (t) => {
  const steered = steeredStore()
  const cache = createCache<string>({ store: steered.store, namespace: 'n' })
  await cache.set('key', 'value', OPTIONS)
  steered.before.delete = () => { throw new Error('no') }
  await cache.delete('key')
  t.notOk(await cache.has('key'))
  t.equal(cache.stats().errors, 1)
})

t.test('delete: a tag that looks like the key is different', async (t) => {
  const cache = createCache<string>({ store: memoryStore(), namespace: 'n' })
  await cache.set('a', 'a', { ttl: '1m', tags: ['b'] })
  await cache.set('b', 'b', { ttl: '1m', tags: ['a'] })
  await cache.delete('a')
  t.strictSame([await cache.has('a'), await cache.has('b')], [false, true])
  await cache.invalidate(['a'])
  t.notOk(await cache.has('b'))
})

t.test('has: true for a stored undefined', async (t) => {
  const cache = createCache<undefined>({ store: memoryStore(), namespace: 'n' })
  t.notOk(await cache.has('key'))
  await cache.set('key', undefined, OPTIONS)
  t.ok(await cache.has('key'))
})

t.test('clear: this namespace, or the given one', async (t) => {
  const store = memoryStore()
  const [a, b] = [
    createCache<string>({ store, namespace: 'a' }),
    createCache<string>({ store, namespace: 'b' })
  ]
  const fill = async () => {
    await a.set('key', 'a', OPTIONS)
    await b.set('key', 'b', OPTIONS)
  }
  await fill()
  await a.clear()
  t.strictSame([await a.get('key'), await b.get('key')], [undefined, 'b'])
  t.equal(a.stats().l1.entries, 0, 'memory is free at once')
  await fill()
  await a.clear('b')
  t.strictSame([await a.get('key'), await b.get('key')], ['a', undefined])
})

t.test('invalidate: any of the tags, and an empty list does nothing', async (t) => {
  const { store, asked } = steeredStore()
  const cache = createCache<string>({ store, namespace: 'n' })
  await cache.set('ab', 'ab', { ttl: '1m', tags: ['a', 'b'] })
  await cache.set('bc', 'bc', { ttl: '1m', tags: ['b', 'c'] })
  await cache.set('c', 'c', { ttl: '1m', tags: ['c'] })
  asked.length = 0
  await cache.invalidate([])
  t.strictSame(asked, [])
  await cache.invalidate(['a', 'd', 'a'])
  t.strictSame(await cache.getMany(['ab', 'bc', 'c']), [undefined, 'bc', 'c'])
  await cache.invalidate(['a', 'c'])
  t.strictSame(await cache.getMany(['ab', 'bc', 'c']), [undefined, undefined, undefined])
})

t.test('a value that one instance sets is visible to all at once, whatever they have in memory', async (t) => {
  const store = memoryStore()
  const [a, b] = [createCache<string>({ store, namespace: 'n' }), createCache<string>({ store, namespace: 'n' })]
  await a.set('key', 'first', { ttl: '1h' })
  t.equal(await b.get('key'), 'first')
  await a.set('key', 'second', { ttl: '1h' })
  t.equal(await b.get('key'), 'second')
  t.equal(await a.get('key'), 'second')
})
