import t from 'tap'
import { createCache } from '../src/index.js'
import { memoryStore } from '../src/stores/memory.js'
import { stopDate } from './clock.js'

const OPTIONS = {
  ttl: '1h',
  staleWhileRevalidate: '1h',
  staleIfError: '1h',
  negativeTtl: '10s',
  tags: ['tag']
} as const

for (const nothing of [null, undefined]) {
  for (const l1 of [{}, false] as const) {
    t.test(
      `${nothing} is kept for negativeTtl, ${l1 === false ? 'without' : 'with'} memory`,
      async (t) => {
        const date = stopDate(t)
        const cache = createCache<string | null | undefined>({
          store: memoryStore(),
          namespace: 'n',
          l1
        })
        let runs = 0
        const read = () =>
          cache.remember<string | null | undefined>('key', OPTIONS, () => {
            runs++
            return nothing
          })
        t.equal(await read(), nothing)
        date.advance(9999)
        t.equal(await read(), nothing)
        t.equal(await cache.get('key'), nothing)
        t.ok(await cache.has('key'))
        t.equal(runs, 1)
        date.advance(1)
        t.notOk(await cache.has('key'))
        await t.rejects(
          cache.remember('key', OPTIONS, () => {
            throw new Error('down')
          }),
          { message: 'down' },
          'no stale windows'
        )
        await read()
        t.equal(runs, 2)
      }
    )
  }
}

t.test('it carries its tags: a value that appears later is seen', async (t) => {
  const cache = createCache<string | null>({ store: memoryStore(), namespace: 'n' })
  await cache.remember<string | null>('key', OPTIONS, () => null)
  await cache.invalidate(['tag'])
  t.equal(await cache.remember('key', OPTIONS, () => 'created'), 'created')
})

t.test('other falsy values are ordinary values', async (t) => {
  const date = stopDate(t)
  const cache = createCache<unknown>({ store: memoryStore(), namespace: 'n' })
  for (const value of [0, '', false, []]) {
    await cache.delete('key')
    await cache.remember('key', OPTIONS, () => value)
    date.advance(10_000)
    t.strictSame(await cache.get('key'), value)
  }
})

t.test('without negativeTtl, null and undefined are ordinary values', async (t) => {
  const date = stopDate(t)
  const cache = createCache<null>({ store: memoryStore(), namespace: 'n' })
  await cache.remember('key', { ttl: '1h' }, () => null)
  date.advance(3_599_999)
  t.equal(await cache.get('key'), null)
})
