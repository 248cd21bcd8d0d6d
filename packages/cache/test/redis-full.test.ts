import { startRedis } from '@weir/internal/testing'
import t, { type Test } from 'tap'
import { createCache } from '../src/index.js'
import { record } from './events.js'
import { hearing } from './judging.js'
import { randomFrom } from './random.js'
import { openStore } from './redis-place.js'

const OPTIONS = { ttl: '1h', tags: ['tag'] } as const

/** Two instances of one cache, and an unrelated client. */
async function fleet (t: Test, policy: string, maxTags?: number) {
  const server = await startRedis(t, { args: ['--maxmemory', '6mb', '--maxmemory-policy', policy] })
  const instance = async () => {
    const store = openStore(t, {
      client: await server.connect(),
      ...(maxTags !== undefined && { maxTags })
    })
    const namespace = await hearing(store.namespace('n'))
    return { namespace, cache: createCache<string>({ store, namespace: 'n' }) }
  }
  const [a, b] = [await instance(), await instance()]
  return { a, b, foreign: await server.connect() }
}

t.test('a full Redis still invalidates, deletes, clears and replaces, and others receive it', async (t) => {
  const { a, b, foreign } = await fleet(t, 'noeviction', 200)
  const inMemory = async (key: string, value: string) => {
    await a.cache.remember(key, { ...OPTIONS, tags: [`tag of ${key}`] }, () => value)
    t.equal(await b.cache.get(key), value)
  }
  for (const key of ['invalidated', 'deleted', 'set', 'kept', 'cleared']) {
    await inMemory(key, `old ${key}`)
  }
  // Fills Redis completely; then the limit is lowered, so that removals free no room.
  let keys = 0
  for (const size of [100_000, 1000, 10]) {
    const filled = async () => { for (;;) await foreign.set(`foreign:${++keys}`, 'x'.repeat(size)) }
    await t.rejects(filled(), /OOM/)
  }
  await foreign.config('SET', 'maxmemory', '3mb')
  const gone = async (key: string) => {
    for (const { cache } of [a, b]) {
      t.equal(cache.lookup(key), undefined, key)
      t.equal(await cache.get(key), undefined, key)
    }
  }

  await t.test('writes of records', async () => {
    await a.cache.invalidate(['tag of invalidated'])
    await gone('invalidated')
    await a.cache.delete('deleted')
    await gone('deleted')
    // The new value finds no room, but the replaced one has ended.
    await t.rejects(a.cache.set('set', 'new', OPTIONS), {
      code: 'WEIR_CACHE_STORE_FAILED',
      cause: /OOM/
    })
    t.equal(b.cache.lookup('set'), undefined)
    t.not(await b.cache.get('set'), 'old set')
  })

  await t.test('reads continue, and fills are not stored', async (t) => {
    const errors = record(t, 'weir:cache:error')
    b.cache.evict('kept')
    t.equal(await b.cache.get('kept'), 'old kept')
    for (const { cache } of [a, b]) {
      let runs = 0
      const value = await cache.remember('new', OPTIONS, () => `value ${++runs}`)
      t.equal(value, 'value 1', 'a value without a claim is computed')
    }
    t.ok(errors.length >= 2)
    for (const { error } of errors) t.match(error, /OOM/)
  })

  await t.test('records stay within maxTags', async () => {
    for (let i = 0; i < 30; i++) {
      await Promise.all(
        Array.from({ length: 100 }, (_, j) =>
          a.cache.invalidate([`tag ${i * 100 + j}`], { consistency: 'bounded' })
        )
      )
    }
    t.ok(await foreign.zcard('weir:{n}:tags') <= 220)
    await a.cache.clear()
    await gone('cleared')
    await gone('kept')
  })

  await t.test('with room again, operation is normal', async () => {
    await foreign.config('SET', 'maxmemory', '6mb')
    await foreign.unlink(...Array.from({ length: keys }, (_, i) => `foreign:${i + 1}`))
    await inMemory('another', 'value')
    await b.cache.invalidate(['tag of another'])
    await gone('another')
  })
})

t.test('a Redis that evicts causes misses, but no stale reads', async (t) => {
  for (const [seed, policy] of ['allkeys-lru', 'allkeys-lfu', 'allkeys-random'].entries()) {
    await t.test(policy, async (t) => {
      const { a, b, foreign } = await fleet(t, policy)
      const random = randomFrom(seed)
      const truth = Array.from({ length: 20 }, () => 0)
      const RECORDS = ['weir:{n}:tags', 'weir:{n}:replaced', 'weir:{n}:replaced-until'] as const
      let [lost, filled] = [0, 0]
      for (let step = 0; step < 400; step++) {
        const { cache } = random(2) === 0 ? a : b
        const i = random(truth.length)
        const [key, tag] = [`key ${i}`, `tag ${i}`]
        switch (random(8)) {
          case 0:
            truth[i] = step
            await cache.invalidate([tag])
            break
          case 1:
            truth[i] = step
            await cache.delete(key)
            break
          case 2:
            truth[i] = step
            await cache.set(key, `${step}`, { ttl: '1h', tags: [tag] })
            break
          case 3:
            // Real evictions of any keys, and evictions of the records, one after the other or
            // together.
            for (let j = 0; j < 10; j++) {
              await foreign.set(`foreign:${++filled}`, 'x'.repeat(50_000))
            }
            if (random(4) === 0) await foreign.unlink(RECORDS[random(3)] ?? RECORDS[0])
            break
          default: {
            const value = await cache.remember(key, { ttl: '1h', tags: [tag] }, () => `${truth[i]}`)
            if (value !== `${truth[i]}`) t.fail(`step ${step}: ${value}, not ${truth[i]}`)
          }
        }
        if (await foreign.exists(RECORDS[0]) === 0) lost++
      }
      t.ok(lost > 0, 'the records were evicted')
      t.match(await foreign.info('stats'), /evicted_keys:[1-9]/)
      t.equal(a.cache.stats().errors + b.cache.stats().errors, 0)
    })
  }
})
