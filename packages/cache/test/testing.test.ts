import { promisify } from 'node:util'
import t, { type Test } from 'tap'
import { createCache } from '../src/index.js'
import { type FakeClock, fakeClock, testStore } from '../src/testing/index.js'
import { gate } from './gate.js'

function stopped (t: Test, now?: number): FakeClock {
  const clock = fakeClock(now)
  t.teardown(() => { clock.restore() })
  return clock
}

t.test('the clock stands still until it is moved', async (t) => {
  const real = {
    Date,
    setTimeout,
    clearTimeout,
    now: Object.getOwnPropertyDescriptor(performance, 'now')
  }
  const before = new Date(0)
  const clock = stopped(t, Date.UTC(2100, 0, 1))
  t.throws(() => fakeClock(), { code: 'WEIR_CACHE_INVALID_OPTION', message: /restore it/ })
  const elapsed = performance.now()
  await clock.advance('1m')
  t.strictSame(
    [clock.now, Date.now(), new Date().getTime()],
    [1, 2, 3].map(() => Date.UTC(2100, 0, 1, 0, 1))
  )
  t.equal(Date(), new Date(clock.now).toString())
  t.ok(performance.now() - elapsed >= 60_000)
  t.ok(
    before instanceof Date &&
      new Date(5) instanceof real.Date &&
      Object.getPrototypeOf(new Date()) === real.Date.prototype
  )
  t.equal(new Date(2000, 1, 2).getMonth(), 1)
  await t.rejects(clock.advance(-1), { code: 'WEIR_CACHE_INVALID_DURATION' })
  clock.restore()
  t.strictSame(
    { Date, setTimeout, clearTimeout, now: Object.getOwnPropertyDescriptor(performance, 'now') },
    real
  )
  const next = stopped(t)
  clock.restore()
  t.equal(Date.now(), next.now, 'a clock restores only itself')
})

t.test('timers run at their own time, and their consequences before the next one', async (t) => {
  const clock = stopped(t, 0)
  const ran: string[] = []
  const note = (name: string) => { ran.push(`${name} ${Date.now()}`) }
  setTimeout(note, 30, 'c')
  setTimeout(note, 10, 'a')
  setTimeout(note, 10, 'b')
  clearTimeout(setTimeout(note, 10, 'never'))
  clearTimeout(undefined)
  const later = async () => {
    for (let i = 0; i < 3; i++) {
      await promisify(setTimeout)(15).then(() => {
        note('later')
      })
    }
  }
  const done = later()
  const again = setTimeout(note, 5, 'again').unref()
  t.equal(again.hasRef(), false)
  await clock.advance(4)
  t.strictSame(ran, [])
  again.refresh()
  await clock.advance(100)
  await done
  t.strictSame(ran, ['again 9', 'a 10', 'b 10', 'later 15', 'c 30', 'later 30', 'later 45'])
})

t.test('the cache\'s timeouts follow the clock', async (t) => {
  const clock = stopped(t)
  const store = testStore()
  const cache = createCache<string>({ store, namespace: 'n', fillTimeout: '10s' })
  const options = { ttl: '1m', staleIfError: '1h', softTimeout: '1s', hardTimeout: '5s' } as const
  await cache.set('key', 'old', options)
  await clock.advance('59s')
  t.equal(await cache.get('key'), 'old')
  await clock.advance('1s')
  t.equal(await cache.get('key'), undefined)
  const soft = cache.remember('key', options, () => gate<string>().opened)
  const hard = cache.remember('none', options, () => gate<string>().opened)
  const refused = t.rejects(hard, { code: 'WEIR_CACHE_FILL_TIMEOUT' })
  await clock.advance('1s')
  t.equal(await soft, 'old')
  await clock.advance('4s')
  await refused
  store.delay('3s')
  let isDone = false
  const slow = cache.get('none').then(() => { isDone = true })
  await clock.advance(2999)
  t.equal(isDone, false)
  await clock.advance(1)
  await slow
})

t.test('the store fails, is slow, freezes and is restored', async (t) => {
  const store = testStore()
  const cache = createCache<string>({ store, namespace: 'n' })
  t.equal(await cache.remember('key', { ttl: '1m', tags: ['tag'] }, () => 'value'), 'value')
  await cache.invalidate(['tag'])
  t.strictSame(store.calls, [
    { namespace: 'n', operation: 'claim', keys: ['key'] },
    { namespace: 'n', operation: 'set', keys: ['key'] },
    { namespace: 'n', operation: 'invalidate', tags: ['tag'] }
  ])
  const cause = new Error('down')
  store.fail(cause)
  await t.rejects(cache.set('key', 'new', { ttl: '1m' }), {
    code: 'WEIR_CACHE_STORE_FAILED',
    cause
  })
  t.equal(await cache.remember('key', { ttl: '1m' }, () => 'computed'), 'computed')
  store.restore()
  t.equal(await cache.get('key'), undefined, 'failed operations are not done')

  store.freeze()
  store.freeze()
  const writing = cache.set('key', 'late', { ttl: '1m' })
  t.equal(
    await Promise.race([
      writing,
      new Promise((resolve) => {
        setImmediate(resolve, 'waits')
      })
    ]),
    'waits'
  )
  store.restore()
  t.ok(await writing)
  t.equal(await createCache({ store, namespace: 'n' }).get('key'), 'late')
  t.throws(() => { store.delay(-1) }, { code: 'WEIR_CACHE_INVALID_DURATION' })

  const remote = testStore({ judgesLocally: false })
  const other = createCache<string>({ store: remote, namespace: 'n' })
  await other.set('key', 'value', { ttl: '1m' })
  remote.fail()
  t.equal(await other.get('key'), undefined, 'entries in memory cannot be checked')
  await remote.close()
})

t.test('a fake clock starts at a time', async (t) => {
  for (const now of ['nope', NaN, Infinity, 9e15, null, new Date(5)]) {
    t.throws(() => fakeClock(now as never), { code: 'WEIR_CACHE_INVALID_OPTION', message: /^now / })
  }
  const clock = fakeClock(5)
  t.equal(Date.now(), 5, 'none is in place')
  clock.restore()
})
