import t from 'tap'
import { createCache } from '../src/index.js'
import { memoryStore } from '../src/stores/memory.js'
import { stopTimers } from './clock.js'
import { record } from './events.js'
import { gate, gatedFn } from './gate.js'
import { steeredStore } from './steered-store.js'

const OPTIONS = { ttl: '10s', staleIfError: '1m', softTimeout: 100, hardTimeout: '1s' } as const
const newCache = (store = memoryStore()) => createCache<string>({ store, namespace: 'n' })
const turns = async () => { for (let i = 0; i < 20; i++) await new Promise(setImmediate) }

t.test(
  'softTimeout: a waiting caller gets the stale value, and the function continues',
  async (t) => {
    const time = stopTimers(t)
    const cache = newCache()
    await cache.remember('key', OPTIONS, () => 'old')
    time.advance(10_000)
    const slow = gatedFn<string>()
    const callers = [1, 2].map(() => cache.remember('key', OPTIONS, slow.fn))
    await slow.started
    time.advance(99)
    await turns()
    t.equal(await Promise.race([...callers, Promise.resolve('waits')]), 'waits')
    time.advance(1)
    t.strictSame(await Promise.all(callers), ['old', 'old'])
    t.equal(cache.stats().stale, 2)
    slow.end('new')
    await turns()
    t.equal(await cache.get('key'), 'new')
  }
)

type Time = ReturnType<typeof stopTimers>

const spoilt: Record<string, (cache: ReturnType<typeof newCache>, time: Time) => unknown> = {
  'it is deleted': (cache) => cache.delete('key'),
  'it is invalidated': (cache) => cache.invalidate(['tag']),
  'its window ends': (_, time) => { time.advance(60_000) }
}

for (const [what, spoil] of Object.entries(spoilt)) {
  t.test(`softTimeout: a caller keeps waiting if ${what} meanwhile`, async (t) => {
    const time = stopTimers(t)
    const cache = newCache()
    await cache.remember('key', { ...OPTIONS, tags: ['tag'] }, () => 'old')
    time.advance(10_000)
    const slow = gatedFn<string>()
    const caller = cache.remember(
      'key',
      { ttl: '10s', staleIfError: '1m', softTimeout: 100 },
      slow.fn
    )
    await slow.started
    await spoil(cache, time)
    time.advance(100)
    await turns()
    t.equal(await Promise.race([caller, Promise.resolve('waits')]), 'waits')
    slow.end('new')
    t.equal(await caller, 'new')
  })
}

t.test(
  'softTimeout: a store that does not answer delays no caller once the value exists',
  async (t) => {
    const time = stopTimers(t)
    const { store, before } = steeredStore()
    const cache = createCache<string>({ store, namespace: 'n', l1: false })
    await cache.remember('key', OPTIONS, () => 'old')
    time.advance(10_000)
    const slow = gatedFn<string>()
    const caller = cache.remember('key', OPTIONS, slow.fn)
    await slow.started
    const answers = gate()
    before.get = () => answers.opened
    time.advance(100)
    await turns()
    slow.end('new')
    t.equal(await caller, 'new')
    answers.open()
  }
)

t.test('softTimeout: an event reports a failure after the caller has left', async (t) => {
  const time = stopTimers(t)
  const errors = record(t, 'weir:cache:error')
  const cache = newCache()
  await cache.remember('key', OPTIONS, () => 'old')
  time.advance(10_000)
  const slow = gatedFn<string>()
  const caller = cache.remember('key', { ...OPTIONS, staleIfError: 5000 }, slow.fn)
  await slow.started
  time.advance(100)
  t.equal(await caller, 'old')
  time.advance(60_000)
  slow.fail(new Error('down'))
  await turns()
  t.match(errors, [{ operation: 'fill', key: 'key' }])
})

t.test('hardTimeout: the function is aborted and counts as failed', async (t) => {
  const time = stopTimers(t)
  const cache = newCache()
  const slow = gatedFn<string>()
  let reason: unknown
  const caller = cache.remember('key', { ttl: '10s', hardTimeout: '1s' }, ({ signal }) => {
    signal.addEventListener('abort', () => { reason = signal.reason })
    return slow.fn()
  })
  await slow.started
  time.advance(999)
  await turns()
  t.equal(reason, undefined)
  time.advance(1)
  await t.rejects(caller, {
    code: 'WEIR_CACHE_FILL_TIMEOUT',
    message:
      'key took longer than the hardTimeout of 1000 ms: find out what it is waiting for, or allow more time'
  })
  t.match(reason, { code: 'WEIR_CACHE_FILL_TIMEOUT' })
  slow.end('late')
  await turns()
  t.equal(await cache.get('key'), undefined, 'a late result is not stored')
  t.equal(await cache.remember('key', OPTIONS, () => 'next'), 'next')
})

t.test('hardTimeout: a stale value is returned within its window', async (t) => {
  const time = stopTimers(t)
  const cache = newCache()
  await cache.remember('key', OPTIONS, () => 'old')
  time.advance(10_000)
  const slow = gatedFn<string>()
  const caller = cache.remember(
    'key',
    { ttl: '10s', staleIfError: '1m', hardTimeout: '1s' },
    slow.fn
  )
  await slow.started
  time.advance(1000)
  await turns()
  t.equal(await caller, 'old')
  slow.fail(new Error('no caller waits for it'))
})

t.test('no timer remains, and invalid options are rejected', async (t) => {
  const cache = newCache()
  t.equal(
    await cache.remember(
      'key',
      { ...OPTIONS, softTimeout: '1d', hardTimeout: '1d' },
      () => 'value'
    ),
    'value'
  )
  const resources = process.getActiveResourcesInfo().filter((name) => name === 'Timeout')
  t.strictSame(resources, [])
  for (const name of ['softTimeout', 'hardTimeout']) {
    await t.rejects(
      async () => cache.remember('other', { ttl: 1, [name]: 'soon' }, () => 'value'),
      { code: 'WEIR_CACHE_INVALID_DURATION' }
    )
  }
})
