import t from 'tap'
import { Fill, createCache } from '../src/index.js'
import { memoryStore } from '../src/stores/memory.js'

t.test('on every instance an entry shows which one computed it, and its cost', async (t) => {
  const store = memoryStore()
  const [a, b] = ['a', 'b'].map((name) => createCache<string>({ store, namespace: 'n', name }))
  if (a === undefined || b === undefined) throw new Error('two were made')
  const fill = await a.acquire('key')
  if (!(fill instanceof Fill)) throw new Error('the key is cold')
  const { entry } = await fill.commit('value', () => ({ ttl: '1m' }))
  t.equal(entry.filledBy, 'a')
  t.ok(Number.isInteger(entry.cost) && entry.cost >= 0)
  for (const source of ['l2', 'l1']) {
    t.match(await b.find('key'), { source, entry: { filledBy: 'a', cost: entry.cost } })
  }
  await b.set('key', 'other', { ttl: '1m' })
  t.match(await a.find('key'), { entry: { filledBy: 'b', cost: 0 } })
})

t.test('the name is optional and must be a string', async (t) => {
  const cache = createCache<string>({ store: memoryStore(), namespace: 'n' })
  await cache.set('key', 'value', { ttl: '1m' })
  t.equal((await cache.find('key'))?.entry.filledBy, '')
  t.throws(() => createCache({ store: memoryStore(), namespace: 'n', name: 'x'.repeat(256) }), {
    code: 'WEIR_CACHE_INVALID_OPTION'
  })
})

t.test('a value evicted from memory is read from the store again', async (t) => {
  const cache = createCache<string>({ store: memoryStore(), namespace: 'n' })
  await cache.set('key', 'value', { ttl: '1m' })
  t.equal(cache.lookup('key')?.source, 'l1')
  cache.evict('key')
  t.equal(cache.lookup('key'), undefined)
  t.match(await cache.find('key'), { source: 'l2', entry: { value: 'value' } })
  t.equal(cache.stats().l1.evictions, 0, 'it was evicted')
  cache.evict('another')
  createCache({ store: memoryStore(), namespace: 'n', l1: false }).evict('key')
})

t.test('inspect shows entries in memory and in the store without touching them', async (t) => {
  const store = memoryStore()
  const [a, b] = ['a', 'b'].map((name) => createCache<string>({ store, namespace: 'n', name }))
  if (a === undefined || b === undefined) throw new Error('two were made')
  t.same(await a.inspect('key'), {})
  await a.set('key', 'value', { ttl: '1m', tags: ['tag'] })
  const before = [a.stats(), b.stats()]
  t.match(await a.inspect('key'), {
    memory: { valid: true, entry: { value: 'value', filledBy: 'a' } },
    store: { valid: true, bytes: Number }
  })
  t.same(Object.keys(await b.inspect('key')), ['store'])
  t.same(
    [a.countInMemory(['tag', 'another']), a.countInMemory(['another']), b.countInMemory(['tag'])],
    [1, 0, 0]
  )
  t.same([a.stats(), b.stats()], before, 'nothing is counted, and nothing was added to memory')
  await b.invalidate(['tag'])
  t.match(await a.inspect('key'), { memory: { valid: false }, store: { valid: false } })
})
