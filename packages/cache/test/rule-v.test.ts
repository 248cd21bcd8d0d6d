import t, { type Test } from 'tap'
import { type Cache, createCache } from '../src/index.js'
import { stopDate } from './clock.js'
import { gate, gatedFn, mustNotRun } from './gate.js'
import { steeredStore, type SteeredStore } from './steered-store.js'

const OPTIONS = { ttl: '1m', tags: ['tag'] } as const

/** Every way in which a write invalidates the value under 'key'. */
const writes: Record<string, (cache: Cache<string>) => Promise<void>> = {
  'invalidate()': (cache) => cache.invalidate(['other', 'tag']),
  'delete()': (cache) => cache.delete('key'),
  'clear()': (cache) => cache.clear()
}

for (const judgesLocally of [true, false]) {
  t.test(judgesLocally ? 'a store that checks locally' : 'a store that has to be asked', async (t) => {
    for (const [name, write] of Object.entries(writes)) {
      t.test(name, (t) => races(t, () => steeredStore({ judgesLocally }), write))
    }
    reads(t, () => steeredStore({ judgesLocally }))
  })
}

/** A fill that began before the write and ends after it. */
async function races (
  t: Test,
  makeStore: () => SteeredStore,
  write: (cache: Cache<string>) => Promise<void>
) {
  const begun = async () => {
    const { store } = makeStore()
    const cache = createCache<string>({ store, namespace: 'n' })
    const slow = gatedFn<string>()
    const own = cache.remember('key', OPTIONS, slow.fn)
    // The callers arrived before the fill's stamp was taken: its value is recent enough for them.
    const together = [1, 2, 3].map(() => cache.remember('key', OPTIONS, mustNotRun))
    await slow.started
    return { store, cache, slow, own, together }
  }

  t.test('callers that arrived before it began get its value', async (t) => {
    const { cache, slow, own, together } = await begun()
    await write(cache)
    slow.end('old')
    t.equal(await own, 'old')
    t.strictSame(await Promise.all(together), ['old', 'old', 'old'])
    t.equal(await cache.get('key'), undefined, 'and no other caller does')
    t.equal(await cache.remember('key', OPTIONS, () => 'new'), 'new')
  })

  t.test('callers that arrived after the write start over, with one further fill', async (t) => {
    const { cache, slow, own } = await begun()
    let runs = 0
    const again = () => `new ${++runs}`
    const before = [1, 2, 3].map(() => cache.remember('key', OPTIONS, again))
    await write(cache)
    const after = Array.from({ length: 100 }, () => cache.remember('key', OPTIONS, again))
    slow.end('old')
    t.equal(await own, 'old')
    t.strictSame(await Promise.all(after), Array(100).fill('new 1'))
    t.strictSame(
      await Promise.all(before),
      Array(3).fill('new 1'),
      'callers that joined it before the write use the new one as well'
    )
    t.equal(runs, 1)
    t.equal(await cache.get('key'), 'new 1')
  })

  t.test(
    'a further write during the further fill does not make them start over again',
    async (t) => {
      const { cache, slow } = await begun()
      await write(cache)
      const second = gatedFn<string>()
      const after = [1, 2, 3].map(() => cache.remember('key', OPTIONS, second.fn))
      slow.end('old')
      await second.started
      await write(cache)
      second.end('new')
      t.strictSame(await Promise.all(after), ['new', 'new', 'new'], 'it began after they arrived')
      t.equal(await cache.get('key'), undefined)
    }
  )

  t.test(
    'another instance does not serve it, and the value computed there meanwhile stays',
    async (t) => {
      const { store, cache, slow, own } = await begun()
      const other = createCache<string>({ store, namespace: 'n' })
      await write(other)
      t.equal(await other.remember('key', OPTIONS, () => 'new'), 'new')
      slow.end('old')
      t.equal(await own, 'old')
      t.equal(await other.get('key'), 'new')
      t.equal(await cache.get('key'), 'new')
      const third = createCache<string>({ store, namespace: 'n' })
      t.equal(await third.get('key'), 'new', 'in the store as well')
    }
  )

  t.test('a third instance does not serve it if no value was computed since', async (t) => {
    const { store, cache, slow, own } = await begun()
    await write(cache)
    slow.end('old')
    await own
    const third = createCache<string>({ store, namespace: 'n' })
    t.equal(await third.get('key'), undefined)
    t.equal(await third.remember('key', OPTIONS, () => 'new'), 'new')
    t.equal(await cache.get('key'), 'new')
  })

  t.test('the value in another instance\'s memory is invalidated too', async (t) => {
    const { store } = makeStore()
    const [a, b] = [
      createCache<string>({ store, namespace: 'n' }),
      createCache<string>({ store, namespace: 'n' })
    ]
    await a.set('key', 'old', OPTIONS)
    t.equal(await b.get('key'), 'old')
    t.equal(await b.get('key'), 'old')
    await write(a)
    t.equal(await b.get('key'), undefined)
    t.strictSame(await b.getMany(['key']), [undefined])
    t.equal(b.lookup('key'), undefined)
    t.equal(await a.get('key'), undefined)
  })

  t.test('a value that is set during the write', async (t) => {
    const steered = makeStore()
    const cache = createCache<string>({ store: steered.store, namespace: 'n' })
    const held = gate()
    steered.after.stamp = () => held.opened
    const setting = cache.set('key', 'old', OPTIONS)
    await write(cache)
    held.open()
    await setting
    t.equal(await cache.get('key'), undefined)
  })

  t.test(
    'a stale value is not served after the write, not even while it is revalidated',
    async (t) => {
      const date = stopDate(t)
      const { store } = makeStore()
      const cache = createCache<string>({ store, namespace: 'n' })
      const options = { ...OPTIONS, staleWhileRevalidate: '1h', staleIfError: '1h' } as const
      await cache.remember('key', options, () => 'old')
      date.advance(60_000)
      const slow = gatedFn<string>()
      t.equal(await cache.remember('key', options, slow.fn), 'old')
      await slow.started
      await write(cache)
      const after = cache.remember('key', options, () => 'new')
      slow.end('old')
      t.equal(await after, 'new')
    }
  )

  t.test('a stale value does not replace an error after the write', async (t) => {
    const date = stopDate(t)
    const { store } = makeStore()
    const cache = createCache<string>({ store, namespace: 'n' })
    const options = { ...OPTIONS, staleIfError: '1h' } as const
    await cache.remember('key', options, () => 'old')
    date.advance(60_000)
    const slow = gatedFn<string>()
    const before = cache.remember('key', options, slow.fn)
    await slow.started
    await write(cache)
    const after = cache.remember('key', options, () => {
      throw new Error('still down')
    })
    slow.fail(new Error('down'))
    await t.rejects(before, { message: 'down' }, 'the validity of a stale value is checked when it is served')
    await t.rejects(after, { message: 'still down' })
  })

  t.test(
    "nor is it served to a reader that arrives while the leader's claim is in flight",
    async (t) => {
      const date = stopDate(t)
      const steered = makeStore()
      const cache = createCache<string>({ store: steered.store, namespace: 'n' })
      const options = { ...OPTIONS, staleIfError: '1h' } as const
      await cache.remember('key', options, () => 'old')
      date.advance(60_000)
      const [claimed, answered] = [gate(), gate()]
      steered.after.claim = () => {
        claimed.open()
        return answered.opened
      }
      const down = () => {
        throw new Error('down')
      }
      const leader = cache.remember('key', options, down)
      await claimed.opened
      await write(cache)
      const reader = cache.remember('key', options, down)
      answered.open()
      await t.rejects(leader, { message: 'down' })
      await t.rejects(reader, { message: 'down' })
    }
  )
}

function reads (t: Test, makeStore: () => SteeredStore) {
  t.test('a fill that begins after an invalidation is valid', async (t) => {
    const cache = createCache<string>({ store: makeStore().store, namespace: 'n' })
    for (let i = 0; i < 100; i++) {
      await cache.invalidate(['tag'])
      await cache.remember('key', OPTIONS, () => `value ${i}`)
      if ((await cache.get('key')) !== `value ${i}`) {
        t.fail(`the fill after invalidation ${i} is not used`)
      }
    }
  })

  t.test('an invalidation of other tags changes nothing', async (t) => {
    const cache = createCache<string>({ store: makeStore().store, namespace: 'n' })
    const slow = gatedFn<string>()
    const own = cache.remember('key', OPTIONS, slow.fn)
    await slow.started
    await cache.invalidate(['other', 'key'])
    await cache.delete('another key')
    const after = cache.remember('key', OPTIONS, mustNotRun)
    slow.end('value')
    t.strictSame([await own, await after, await cache.get('key')], ['value', 'value', 'value'])
  })

  t.test('a late answer to a read of the store', async (t) => {
    const steered = makeStore()
    const options = { store: steered.store, namespace: 'n' }
    await createCache<string>(options).set('key', 'old', OPTIONS)
    const reader = createCache<string>(options)
    const [reached, held] = [gate(), gate()]
    steered.after.get = () => {
      reached.open()
      return held.opened
    }
    const before = reader.get('key')
    await reached.opened
    await reader.invalidate(['tag'])
    const after = reader.get('key')
    const many = reader.getMany(['key', 'other'])
    held.open()
    t.strictSame(await Promise.all([before, after, many]), [
      undefined,
      undefined,
      [undefined, undefined]
    ])
    t.ok(reader.stats().discarded > 0)
  })

  t.test('an entry without tags still depends on its key and the floor', async (t) => {
    const cache = createCache<string>({ store: makeStore().store, namespace: 'n' })
    await cache.set('a', 'a', { ttl: '1m' })
    await cache.set('b', 'b', { ttl: '1m' })
    await cache.delete('a')
    t.strictSame(await cache.getMany(['a', 'b']), [undefined, 'b'])
    await cache.clear()
    t.strictSame(await cache.getMany(['a', 'b']), [undefined, undefined])
  })
}
