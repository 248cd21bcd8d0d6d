import t from 'tap'
import { LONGEST } from '../src/duration.js'
import { type Cache, CacheError, keyTag } from '../src/index.js'
import { gatedFn } from './gate.js'
import { verbPlaces } from './verb-places.js'

// Allows for a busy machine.
t.setTimeout(300_000)

const OPTIONS = { ttl: '1h', tags: ['tag'] } as const
const MOST = Number.MAX_SAFE_INTEGER

/** Returns the code of the error that a call rejects with. */
const codeOf = async (call: Promise<unknown>): Promise<string> =>
  call.then(
    () => 'none',
    (error: unknown) => (error instanceof CacheError ? error.code : String(error))
  )

for (const [name, makeCaches] of Object.entries(await verbPlaces(t))) {
  t.test(name, async (t) => {
    const { caches: [a, b = a], evictFromStore } = await makeCaches<unknown>(t, 2)
    /** Each test uses its own keys. */
    let keys = 0
    const newKey = () => `key-${++keys}`
    /** Reads both instances, in memory and in the store. */
    const both = async (key: string) => [await a.get(key), await b.get(key)]

    await t.test('add stores only if there is no fresh value', async (t) => {
      const key = newKey()
      t.equal(await a.add(key, 'first', OPTIONS), true)
      t.equal(await b.add(key, 'second', OPTIONS), false)
      t.strictSame(await both(key), ['first', 'first'])
      for (const end of [
        () => b.delete(key),
        () => b.invalidate(['tag']),
        () => b.clear(),
        () => a.touch(key, 0)
      ]) {
        await end()
        t.equal(await a.add(key, 'again', OPTIONS), true)
        t.strictSame(await both(key), ['again', 'again'])
      }
      const added = await Promise.all(
        Array.from({ length: 20 }, (_, i) => (i % 2 === 0 ? a : b).add('raced', i, OPTIONS))
      )
      t.equal(added.filter((isAdded) => isAdded).length, 1)
      t.strictSame(await both('raced'), [added.indexOf(true), added.indexOf(true)])
    })

    await t.test('pull gives the value to one caller and deletes it', async (t) => {
      for (const put of [
        (key: string) => a.set(key, { is: 'it' }, OPTIONS),
        (key: string) => a.add(key, undefined, OPTIONS)
      ]) {
        const key = newKey()
        await put(key)
        await b.get(key)
        const value = await a.get(key)
        const pulled = await Promise.all(
          Array.from({ length: 10 }, (_, i) => (i % 2 === 0 ? a : b).pull(key))
        )
        t.strictSame(
          pulled.filter((one) => one !== undefined),
          value === undefined ? [] : [value]
        )
        t.strictSame([a.lookup(key), b.lookup(key)], [undefined, undefined])
        t.notOk((await a.has(key)) || (await b.has(key)))
      }
      t.equal(await a.pull(newKey()), undefined)
    })

    await t.test('forever does not expire, and ttl returns Infinity', async (t) => {
      const key = newKey()
      t.equal(await a.ttl(key), undefined)
      t.ok(await a.forever(key, 1, { tags: ['tag'] }))
      t.strictSame([await a.ttl(key), await b.ttl(key)], [Infinity, Infinity])
      t.ok(await b.touch(key, '1m'))
      for (const cache of [a, b]) {
        const left = await cache.ttl(key) ?? 0
        t.ok(left > 0 && left <= 60_000, `${left} ms`)
      }
      t.ok(await b.touch(key, LONGEST))
      t.strictSame([await a.ttl(key), await b.ttl(key)], [Infinity, Infinity])
      await b.invalidate(['tag'])
      t.equal(await a.ttl(key), undefined)
    })

    await t.test('touch changes only the times of a value', async (t) => {
      const key = newKey()
      t.equal(await a.touch(key, '1m'), false)
      await a.set(
        key,
        { deep: ['value'] },
        { ...OPTIONS, ttl: '10m', staleWhileRevalidate: '20m', staleIfError: '30m', retain: '1d' }
      )
      await b.get(key)
      const before = (await b.find(key))?.entry
      t.equal(await a.touch(key, '1h'), true)
      for (const cache of [a, b]) {
        const after = (await cache.find(key))?.entry
        if (after === undefined || before === undefined) throw new Error('there is none')
        const { freshUntil, staleUntil, errorUntil, keptFor, value, tags, storedAt } = after
        t.ok(Math.abs(freshUntil - Date.now() - 3_600_000) < 60_000)
        const windows = [staleUntil - freshUntil, errorUntil - freshUntil].map(Math.round)
        t.strictSame([...windows, keptFor], [1_200_000, 1_800_000, 86_400_000])
        t.strictSame([value, tags, storedAt], [before.value, before.tags, before.storedAt])
      }
      await a.invalidate(['tag'])
      t.equal(await b.get(key), undefined, 'its tags hold')
      t.equal(await a.touch(key, '1h'), false)
    })

    await t.test('compareAndSet accepts only the current version', async (t) => {
      const key = newKey()
      const none = await a.getWithVersion(key)
      t.equal(none.value, undefined)
      t.equal(await a.compareAndSet(key, none.version, 1, OPTIONS), true)
      t.equal(await b.compareAndSet(key, none.version, 2, OPTIONS), false)
      const versions = [none.version]
      const change: (() => Promise<unknown>)[] = [
        async () => {},
        () => b.set(key, 1, OPTIONS),
        () => a.touch(key, '1h'),
        () => b.increment(key),
        () => a.increment(key),
        () => b.touch(key, '1h'),
        () => a.set(key, 'text', OPTIONS),
        async () => {
          await b.pull(key)
          await b.add(key, 'text', OPTIONS)
        }
      ]
      for (const [i, make] of change.entries()) {
        await make()
        const { value, version } = await a.getWithVersion(key)
        t.strictSame({ value, version }, await b.getWithVersion(key))
        t.match(version, /^[\w-]{2,50}$/)
        t.notOk(versions.includes(version), `${i}: a version of its own`)
        for (const old of versions) {
          t.equal(await b.compareAndSet(key, old, 'wrong', OPTIONS), false)
        }
        versions.push(version)
      }
      const { version } = await a.getWithVersion(key)
      const set = await Promise.all(
        Array.from({ length: 20 }, (_, i) =>
          (i % 2 === 0 ? a : b).compareAndSet(key, version, i, OPTIONS)
        )
      )
      t.equal(set.filter((isSet) => isSet).length, 1)
      t.strictSame(await both(key), [set.indexOf(true), set.indexOf(true)])
      await b.delete(key)
      t.equal(
        await a.compareAndSet(key, (await b.getWithVersion(key)).version, 'anew', OPTIONS),
        true
      )
      t.strictSame(await both(key), ['anew', 'anew'])
      for (const wrong of [
        '',
        'AB',
        'AAA',
        version + 'A',
        version.slice(1),
        `${version.slice(0, -1)}!`,
        'é'
      ]) {
        t.equal(
          await codeOf(a.compareAndSet(key, wrong, 0, OPTIONS)),
          'WEIR_CACHE_INVALID_VERSION',
          wrong
        )
      }
    })

    await t.test('setMany and deleteMany behave like set and delete for each', async (t) => {
      const [one, two, three] = [newKey(), newKey(), newKey()]
      await b.setMany([[one, 'old'], [two, 'old']], OPTIONS)
      t.strictSame(await a.getMany([one, two]), ['old', 'old'])
      t.strictSame(await b.setMany(new Map([[one, 1], [three, 3]]), OPTIONS), [true, true])
      t.strictSame(await b.setMany([[two, 'lost'], [two, 'last']], OPTIONS), [true, true])
      for (const cache of [a, b]) {
        t.strictSame(await cache.getMany([one, two, three]), [1, 'last', 3])
      }
      await a.deleteMany(new Set([one, three]))
      for (const cache of [a, b]) {
        t.strictSame(await cache.getMany([one, two, three]), [undefined, 'last', undefined])
      }
      t.strictSame(await a.setMany([], OPTIONS), [])
      await a.deleteMany([])
      t.equal(await codeOf(a.setMany([[two, 1], ['', 2]], OPTIONS)), 'WEIR_CACHE_INVALID_KEY')
      t.equal(await codeOf(a.deleteMany([two, ''])), 'WEIR_CACHE_INVALID_KEY')
      t.equal(await a.get(two), 'last', 'nothing is done')
    })

    await t.test('a counter starts at 0, and every method supports it', async (t) => {
      const key = newKey()
      t.equal(await a.increment(key), 1)
      t.equal(await b.increment(key, 41), 42)
      t.equal(await a.decrement(key, 2), 40)
      t.equal(await b.increment(key, 0), 40)
      t.strictSame(await both(key), [40, 40])
      t.strictSame(await a.getMany([key, newKey()]), [40, undefined])
      t.ok(await a.has(key))
      t.equal(a.lookup(key), undefined, 'memory has none')
      t.equal(await a.ttl(key), Infinity)
      t.equal((await a.inspect(key)).store?.entry.value, 40)
      t.equal(await a.remember(key, OPTIONS, () => 'computed'), 40)
      t.ok(await a.touch(key, '1m'))
      t.ok((await b.ttl(key) ?? 0) <= 60_000)
      t.equal(await b.increment(key), 41, 'and goes on')
      t.equal(await a.pull(key), 41)
      t.equal(await b.increment(key), 1)
    })

    await t.test(
      'a counter ends with its ttl, its tags, its key, the namespace, and its entry',
      async (t) => {
        const key = newKey()
        const ends: Record<string, () => Promise<unknown>> = {
          invalidate: () => b.invalidate(['hits']),
          delete: () => b.delete(key),
          deleteMany: () => a.deleteMany([key]),
          clear: () => b.clear(),
          'its key, as a tag': () => b.invalidate([keyTag(key)]),
          'a lifetime of 0': () => b.touch(key, 0),
          pull: () => b.pull(key),
          eviction: () => evictFromStore(key)
        }
        for (const [what, end] of Object.entries(ends)) {
          t.equal(await a.increment(key, 5, { tags: ['hits'], ttl: '1h' }), 5, what)
          t.equal(
            await b.increment(key, 1, { tags: ['other'], ttl: 1 }),
            6,
            'options are ignored for an existing counter'
          )
          t.ok(((await a.ttl(key)) ?? Infinity) <= 3_600_000)
          await end()
          t.strictSame(await both(key), [undefined, undefined], what)
        }
      }
    )

    await t.test(
      'counting continues from a number that was set, with its tags and lifetime',
      async (t) => {
        const key = newKey()
        await a.set(key, 5, OPTIONS)
        t.strictSame(await both(key), [5, 5])
        t.equal(await a.increment(key), 6)
        t.strictSame(await both(key), [6, 6])
        t.ok(((await b.ttl(key)) ?? 0) <= 3_600_000)
        await a.set(key, -3, OPTIONS)
        t.equal(await b.increment(key), -2)
        await b.invalidate(['tag'])
        t.strictSame(await both(key), [undefined, undefined])
      }
    )

    await t.test('a value that is not a safe integer is rejected and unchanged', async (t) => {
      const key = newKey()
      for (const value of ['5', 1.5, 2 ** 53, null, undefined, [1], new Date(0)]) {
        await a.set(key, value, OPTIONS)
        t.equal(await codeOf(b.increment(key)), 'WEIR_CACHE_NOT_A_NUMBER')
        t.strictSame(await a.get(key), value)
      }
      for (const by of [1.5, NaN, Infinity, 2 ** 53]) {
        t.equal(await codeOf(a.increment(key, by)), 'WEIR_CACHE_INVALID_OPTION')
        t.equal(await codeOf(a.decrement(key, by)), 'WEIR_CACHE_INVALID_OPTION')
      }
      await a.set(key, MOST, OPTIONS)
      t.equal(await codeOf(b.increment(key)), 'WEIR_CACHE_NUMBER_TOO_LARGE')
      t.equal(await b.decrement(key, MOST), 0)
      t.equal(await a.increment(key, MOST), MOST)
      // Joined or not: increments that fit are counted.
      const all = await Promise.all([1, -1, 1, 1, -1].map((by) => codeOf(a.increment(key, by))))
      const counted = all.map((code, i) => code === 'none' ? [1, -1, 1, 1, -1][i] ?? 0 : 0)
      t.equal(await b.get(key), MOST + counted.reduce((sum, by) => sum + by, 0))
      t.equal(
        all.filter((code) => code === 'WEIR_CACHE_NUMBER_TOO_LARGE').length +
          all.filter((code) => code === 'none').length,
        5
      )
    })

    await t.test('concurrent increments are all counted, each with its own sum', async (t) => {
      const key = newKey()
      const sums = await Promise.all(
        Array.from({ length: 200 }, (_, i) => (i % 2 === 0 ? a : b).increment(key))
      )
      t.strictSame(sums.toSorted((x, y) => x - y), Array.from({ length: 200 }, (_, i) => i + 1))
    })

    await t.test('no instance has the old value in memory once a write has resolved', async (t) => {
      const key = newKey()
      const writes: Record<string, (by: Cache<unknown>) => Promise<unknown>> = {
        compareAndSet: async (by) =>
          by.compareAndSet(key, (await by.getWithVersion(key)).version, 2, OPTIONS),
        pull: (by) => by.pull(key),
        increment: (by) => by.increment(key),
        touch: (by) => by.touch(key, '2h'),
        setMany: (by) => by.setMany([[key, 2]], OPTIONS),
        deleteMany: (by) => by.deleteMany([key])
      }
      for (const [what, write] of Object.entries(writes)) {
        await a.set(key, 1, OPTIONS)
        for (const cache of [a, b]) {
          await cache.get(key)
          t.equal(cache.stats().l1.entries > 0, true)
        }
        const old = a.lookup(key)?.entry.stamp
        await write(b)
        for (const cache of [a, b]) {
          const hit = cache.lookup(key)
          t.ok(hit === undefined || hit.entry.stamp !== old, what)
        }
        t.strictSame(await a.get(key), await b.get(key), what)
      }
    })

    await t.test('a fill that began before a write does not undo it', async (t) => {
      for (const write of [
        (key: string) => b.add(key, 'new', OPTIONS),
        (key: string) => b.increment(key)
      ]) {
        const key = newKey()
        const slow = gatedFn<string>()
        const filled = a.remember(key, OPTIONS, slow.fn)
        await slow.started
        await write(key)
        const written = await b.get(key)
        slow.end('computed before')
        await filled
        // Nothing could have been in memory: the copy of the fill's instance ends within a lease.
        await b.delete('another')
        t.strictSame(await both(key), [written, written])
      }
    })
  })
}
