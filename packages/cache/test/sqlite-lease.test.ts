import { rmSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import type { Consistency, Stamp, Validity } from '../src/index.js'
import { sqliteStore } from '../src/stores/sqlite/index.js'

const LEASE = 5
const FAR = Date.UTC(2100, 0, 1)
const ENTRY = { key: 'key', tags: ['tag'] } as const

/**
 * Two instances over one file, under a clock that the test moves; it also advances by `step` at
 * each reading.
 */
function setUp (t: Test) {
  const file = join(t.testdir(), 'cache.db')
  const stores = [sqliteStore({ file }), sqliteStore({ file })] as const
  t.teardown(() => Promise.all(stores.map((store) => store.close())))
  const [here, there] = stores.map((store) => store.namespace('n').validity) as [Validity, Validity]
  // Whole, so that sums with halves are exact.
  const clock = { now: Math.ceil(performance.now()) + LEASE, step: 0 }
  t.intercept(performance, 'now', { value: () => (clock.now += clock.step) })
  return { file, stores, here, there, clock }
}

const writes: Record<string, (validity: Validity, consistency?: Consistency) => Promise<unknown>> =
  {
    invalidate: (validity, consistency) => validity.invalidate(['tag'], consistency),
    clear: (validity, consistency) => validity.clear(consistency),
    replace: async (validity, consistency) => {
      await validity.replace({ ...ENTRY, stamp: await validity.stamp() }, FAR)
      if (consistency !== 'bounded') await validity.waitForLeases()
    }
  }

for (const [name, write] of Object.entries(writes)) {
  t.test(`${name}: known here at once, elsewhere when the lease has ended`, async (t) => {
    const { here, there, clock } = setUp(t)
    const entry = { ...ENTRY, stamp: await here.stamp() }
    t.equal(here.isValid(entry), true)
    await write(there, 'bounded')
    t.equal(there.isValid(entry), false)
    clock.now += LEASE - 0.5
    t.equal(here.isValid(entry), true, 'the file is not checked on each read')
    clock.now += 0.5
    t.equal(here.isValid(entry), false)
  })

  t.test(`${name}: resolves when every earlier lease has ended`, async (t) => {
    const store = sqliteStore({ file: join(t.testdir(), 'cache.db') })
    t.teardown(() => store.close())
    const { validity } = store.namespace('n')
    const began = performance.now()
    await write(validity)
    t.ok(performance.now() - began > LEASE)
  })
}

t.test('a lease is extended as long as the file is checked', async (t) => {
  const { here, there, clock } = setUp(t)
  const entries: (typeof ENTRY & { stamp: Stamp })[] = []
  for (let i = 0; i < 20; i++) {
    entries.push({ ...ENTRY, stamp: await here.stamp() })
    for (const entry of entries) t.equal(here.isValid(entry), i === 0 || entry === entries.at(-1))
    await there.invalidate(['tag'], 'bounded')
    clock.now += LEASE
    for (const entry of entries) t.equal(here.isValid(entry), false)
  }
})

t.test('a lease counts from the start of the check', async (t) => {
  const { here, there, clock } = setUp(t)
  const entry = { ...ENTRY, stamp: await here.stamp() }
  // The path is due for a check as well, and will not be when the lease ends.
  clock.now += LEASE
  const began = clock.now
  // The first reading of the clock finds no lease, the second is the start of the check.
  clock.step = 1
  t.equal(here.isValid(entry), true)
  clock.step = 0
  t.ok(clock.now > began + 2)
  await there.invalidate(['tag'], 'bounded')
  clock.now = began + 2 + LEASE
  t.equal(here.isValid(entry), false)
})

t.test('a lease ends when the path is due for a check, and with the file', async (t) => {
  for (const parts of [['', '-wal', '-shm'], ['']]) {
    await t.test(`deleted: ${parts.map((part) => `cache.db${part}`).join(', ')}`, async (t) => {
      const { file, here, clock } = setUp(t)
      const entry = { ...ENTRY, stamp: await here.stamp() }
      // Checks the path without starting a lease.
      clock.now += LEASE - 1
      t.equal(here.isValid(entry), true)
      for (const part of parts) rmSync(file + part)
      clock.now += 1
      t.equal(here.isValid(entry), false)
    })
  }
})

t.test('a lease ends with the file, whichever namespace finds that it is gone', async (t) => {
  const { file, stores: [store], here, clock } = setUp(t)
  const entry = { ...ENTRY, stamp: await here.stamp() }
  clock.now += LEASE - 1
  t.equal(here.isValid(entry), true)
  for (const part of ['', '-wal', '-shm']) rmSync(file + part)
  clock.now += 1
  await store.namespace('other').validity.stamp()
  t.equal(here.isValid(entry), false)
})

t.test('a closed store holds no lease', async (t) => {
  const { stores: [store], here } = setUp(t)
  const entry = { ...ENTRY, stamp: await here.stamp() }
  t.equal(here.isValid(entry), true)
  await store.close()
  t.throws(() => here.isValid(entry), { code: 'WEIR_SQLITE_CLOSED' })
})
