import t from 'tap'
import { createCache } from '../src/index.js'
import { memoryStore } from '../src/stores/memory.js'
import { stopDate } from './clock.js'
import { gatedFn } from './gate.js'

const cacheOf = <T>() => createCache<T>({ store: memoryStore(), namespace: 'n' })

t.test('the function sets how long its value is kept, and adds tags', async (t) => {
  const date = stopDate(t)
  const cache = cacheOf<string>()
  const remember = (value: string) =>
    cache.remember('key', { ttl: '1h', tags: ['call'] }, (ctx) => {
      t.equal(ctx.key, 'key')
      ctx.options({ ttl: '10s', tags: ['a'] })
      ctx.options({ staleIfError: '1m', tags: ['b'] })
      return value
    })
  for (const [i, tag] of ['call', 'a', 'b'].entries()) {
    await remember(`${i}`)
    await cache.invalidate([tag])
    t.equal(await cache.get('key'), undefined, tag)
  }
  await remember('last')
  date.advance(9999)
  t.equal(await cache.get('key'), 'last')
  date.advance(1)
  t.equal(await cache.get('key'), undefined)
  t.equal(
    await cache.remember('key', { ttl: '1h', staleIfError: '1h' }, () => {
      throw new Error('down')
    }),
    'last'
  )
})

t.test('options of the function override negativeTtl', async (t) => {
  const date = stopDate(t)
  const cache = cacheOf<null>()
  await cache.remember('key', { ttl: '1h', negativeTtl: '1s' }, (ctx) => {
    ctx.options({ ttl: '10s' })
    return null
  })
  date.advance(9999)
  t.equal(await cache.has('key'), true)
})

t.test('a skipped value goes to the waiting callers, and the stored one stays', async (t) => {
  const date = stopDate(t)
  const cache = cacheOf<string>()
  const options = { ttl: '10s', retain: '1m' } as const
  await cache.remember('key', options, () => 'kept')
  date.advance(10_000)
  const slow = gatedFn<string>()
  const [first, second] = [0, 1].map(() => cache.remember('key', options, (ctx) => {
    ctx.options({ ttl: '1h' })
    ctx.skip()
    return slow.fn()
  }))
  await slow.started
  slow.end('skipped')
  t.strictSame(await Promise.all([first, second]), ['skipped', 'skipped'])
  t.equal(await cache.get('key'), undefined)
  t.equal((await cache.find('key', { accept: 'retained' }))?.entry.value, 'kept')
})

t.test('the value being replaced is available, unless it was invalidated', async (t) => {
  const date = stopDate(t)
  const cache = cacheOf<number>()
  const next = () =>
    cache.remember(
      'key',
      { ttl: '10s', retain: '1m', tags: ['tag'] },
      ({ stale }) => (stale ?? 0) + 1
    )
  t.equal(await next(), 1)
  date.advance(10_000)
  t.equal(await next(), 2)
  date.advance(10_000)
  await cache.invalidate(['tag'])
  t.equal(await next(), 1)
})

t.test('invalid options are named, and the next caller tries again', async (t) => {
  const cache = cacheOf<string>()
  const untyped = (value: unknown) => value as never
  for (const [options, code] of [
    [{ ttl: 'soon' }, 'WEIR_CACHE_INVALID_DURATION'],
    [{ tags: 'text' }, 'WEIR_CACHE_INVALID_TAG'],
    [{ tags: [''] }, 'WEIR_CACHE_INVALID_TAG'],
    [{ tll: 5 }, 'WEIR_CACHE_INVALID_OPTION'],
    [5, 'WEIR_CACHE_INVALID_OPTION'],
    [{ hardTimeout: 5 }, 'WEIR_CACHE_INVALID_OPTION']
  ] as const) {
    const remember = (options: unknown) =>
      cache.remember('key', { ttl: '1m' }, (ctx) => {
        ctx.options(untyped(options))
        return 'value'
      })
    await t.rejects(remember(options), { code })
    t.equal(await remember({}), 'value')
    await cache.delete('key')
  }
})

t.test('its functions can be destructured', async (t) => {
  const cache = cacheOf<number>()
  t.equal(
    await cache.remember('skipped', { ttl: '1m' }, async ({ skip }) => {
      skip()
      return 1
    }),
    1
  )
  t.equal(await cache.has('skipped'), false)
  await cache.remember('kept', { ttl: '1m' }, async ({ options, key, stale, signal }) => {
    t.strictSame([key, stale, signal.aborted], ['kept', undefined, false])
    options({ ttl: '1h', tags: ['tag'] })
    return 1
  })
  t.ok((await cache.ttl('kept') ?? 0) > 60_000)
  await cache.invalidate(['tag'])
  t.equal(await cache.has('kept'), false)
})
