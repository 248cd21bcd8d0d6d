import t from 'tap'
import type { Cache } from '../src/index.js'
import { type Act, type Call, NOTHING, type State, statesAfter } from './linearizable.js'
import { randomFrom } from './random.js'
import { verbPlaces } from './verb-places.js'

// Allows for a busy machine.
t.setTimeout(300_000)

const KEYS = ['a', 'b']
const [CACHES, CALLERS, ROUNDS, IN_A_ROW] = [3, 6, 25, 2]
const OPTIONS = { ttl: '1h', tags: ['tag'] } as const

const places = await verbPlaces(t)

t.test('the checker accepts exactly the possible histories', async (t) => {
  const call = (called: number, returned: number, act: Act): Call => ({ called, returned, act })
  const one = call(1, 4, { kind: 'increment', by: 1, sum: 1 })
  const two = call(2, 3, { kind: 'increment', by: 2, sum: 3 })
  t.strictSame(statesAfter([one, two], [NOTHING]), [{ value: 3, version: undefined }])
  t.strictSame(
    statesAfter([one, call(5, 6, { kind: 'increment', by: 2, sum: 2 })], [NOTHING]),
    [],
    'a lost update'
  )
  const winners = [1, 2].map((n) => call(n, 9, { kind: 'add', value: n, isDone: true }))
  t.strictSame(statesAfter(winners, [NOTHING]), [], 'two winners')
  t.equal(statesAfter([...winners, call(3, 9, { kind: 'pull', value: 1 })], [NOTHING]).length, 1)
  const read = call(1, 2, { kind: 'read', value: 5, version: 'x' })
  const compared = (isDone: boolean, called: number) =>
    call(called, called + 1, { kind: 'compareAndSet', version: 'x', value: 6, isDone })
  const five: State = { value: 5, version: undefined }
  t.strictSame(statesAfter([read, compared(true, 3), compared(true, 5)], [five]), [])
  t.equal(statesAfter([read, compared(true, 3), compared(false, 5)], [five]).length, 1)
  t.strictSame(
    statesAfter([read, call(3, 4, { kind: 'touch', isDone: true }), compared(true, 5)], [five]),
    [],
    'a touch is a change'
  )
})

for (const [name, makeCaches] of Object.entries(places)) {
  for (const seed of [1, 2, 3]) {
    t.test(`concurrent operations are linearizable: ${name}, seed ${seed}`, async (t) => {
      const { caches, evictFromStore } = await makeCaches<number>(t, CACHES)
      const random = randomFrom(seed)
      let [clock, unique] = [0, 0]
      let states = new Map<string, readonly State[]>(KEYS.map((key) => [key, [NOTHING]]))
      const versions = new Map<string, string>()
      for (let round = 0; round < ROUNDS; round++) {
        const calls = new Map<string, Call[]>(KEYS.map((key) => [key, []]))
        const caller = async (cache: Cache<number>) => {
          for (let i = 0; i < IN_A_ROW; i++) {
            const key = KEYS[random(KEYS.length)] ?? ''
            unique += 1000
            const called = ++clock
            const act = await take(cache, key, random(14), unique, versions)
            const returned = ++clock
            for (const touched of act.all === true ? KEYS : [key]) {
              calls.get(touched)?.push({ called, returned, act: act.act })
            }
          }
        }
        await Promise.all(
          Array.from({ length: CALLERS }, (_, i) => caller(caches[i % CACHES] ?? caches[0]))
        )
        states = new Map(
          KEYS.map((key) => [key, statesAfter(calls.get(key) ?? [], states.get(key) ?? [])])
        )
        for (const key of KEYS) {
          if (states.get(key)?.length !== 0) continue
          t.fail(`round ${round}: no order explains what was answered`, {
            key,
            calls: calls.get(key)
          })
          return
        }
        // An eviction is a loss that no operation caused and that copies in memory outlive: between
        // rounds, of a key that is then counted anew.
        if (round % 8 === 7) {
          await caches[0].delete('b')
          await evictFromStore('b')
          states.set('b', [NOTHING])
        }
      }
      for (const key of KEYS) {
        const value = await caches[0].get(key)
        t.ok(
          states.get(key)?.some((state) => state.value === value),
          'a plain read finds one of the states'
        )
      }
    })
  }
}

/** Executes one operation. `all`: it affected every key. */
async function take (
  cache: Cache<number>, key: string, which: number, unique: number, versions: Map<string, string>
): Promise<{ readonly act: Act, readonly all?: boolean }> {
  switch (which) {
    case 0: case 1: {
      const { value, version } = await cache.getWithVersion(key)
      versions.set(key, version)
      return { act: { kind: 'read', value, version } }
    }
    case 2: case 3:
      return { act: { kind: 'add', value: unique, isDone: await cache.add(key, unique, OPTIONS) } }
    case 4: case 5: {
      const version = versions.get(key) ?? 'AA'
      return {
        act: {
          kind: 'compareAndSet',
          version,
          value: unique,
          isDone: await cache.compareAndSet(key, version, unique, OPTIONS)
        }
      }
    }
    case 6:
      return { act: { kind: 'touch', isDone: await cache.touch(key, '2h') } }
    case 7: case 8:
      return { act: { kind: 'pull', value: await cache.pull(key) } }
    case 9:
      await cache.delete(key)
      return { act: { kind: 'delete' } }
    case 10:
      if (unique % 3000 === 0) await cache.clear()
      else await cache.invalidate(['tag', '\u0001a', '\u0001b'])
      return { act: { kind: 'delete' }, all: true }
    default: {
      const by = 1 + unique % 7
      return {
        act: { kind: 'increment', by, sum: await cache.increment(key, by, { tags: ['tag'] }) }
      }
    }
  }
}
