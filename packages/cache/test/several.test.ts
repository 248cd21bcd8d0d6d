import t from 'tap'
import { createCache } from '../src/index.js'
import { memoryStore } from '../src/stores/memory.js'

/** Passes an argument that the types do not allow. */
const wrong = (value: unknown) => value as never

t.test(
  'a string, or anything else that is not several values, is rejected by name, and nothing is done',
  async (t) => {
    const cache = createCache({ store: memoryStore(), namespace: 'n' })
    await cache.setMany(
      [
        ['a', 1],
        ['b', 2],
        ['c', 3]
      ],
      { ttl: '1m' }
    )
    for (const value of ['abc', 5, null, undefined, {}, () => {}]) {
      const refused = (what: string) => ({
        code: 'WEIR_CACHE_INVALID_OPTION',
        message: new RegExp(`^${what} .*: use an array`)
      })
      await t.rejects(cache.getMany(wrong(value)), refused('keys'))
      await t.rejects(cache.deleteMany(wrong(value)), refused('keys'))
      await t.rejects(
        cache.warm(wrong(value), { ttl: '1m' }, () => 1),
        refused('keys')
      )
      await t.rejects(cache.setMany(wrong(value), { ttl: '1m' }), refused('entries'))
    }
    for (const entry of ['ab', ['a'], { key: 'a' }, undefined]) {
      await t.rejects(cache.setMany(wrong([['a', 9], entry]), { ttl: '1m' }), {
        code: 'WEIR_CACHE_INVALID_OPTION',
        message: /^entries has .*: use \[key, value\] for each$/
      })
    }
    t.strictSame(await cache.getMany(['a', 'b', 'c']), [1, 2, 3])
  }
)

t.test('no message contains the values, however many there are', async (t) => {
  const cache = createCache<unknown>({ store: memoryStore(), namespace: 'n' })
  const secrets = Array.from({ length: 5000 }, (_, i): [string, string] => [
    `key-${i}`, `secret-${i}`
  ])
  const given: unknown[] = [
    Object.fromEntries(secrets), secrets.flat(), [secrets], [Object.fromEntries(secrets)]
  ]
  for (const value of given) {
    for (const call of [
      () => cache.setMany(wrong(value), { ttl: '1m' }),
      () => cache.set('key', 1, wrong({ ttl: value })),
      () => cache.set('key', 1, wrong({ ttl: '1m', tags: Object.fromEntries(secrets) })),
      () => cache.get(wrong(value))
    ]) {
      const message = await call().then(() => 'no error', String)
      t.ok(message.length < 1000 && message !== 'no error', `${message.length} characters`)
    }
    const message = await cache.setMany(wrong(value), { ttl: '1m' }).then(() => '', String)
    if (!Array.isArray(value) || Array.isArray(value[0])) t.notMatch(message, /secret/)
  }
})

t.test('iterables of all kinds are accepted', async (t) => {
  const cache = createCache<number>({ store: memoryStore(), namespace: 'n' })
  t.strictSame(await cache.setMany(new Map([['a', 1], ['b', 2]]), { ttl: '1m' }), [true, true])
  await cache.deleteMany(new Set(['a']))
  t.strictSame(await cache.getMany(['a', 'b']), [undefined, 2])
  t.match(await cache.warm(new Set(['a', 'b']), { ttl: '1m' }, () => 5), { filled: 1, fresh: 1 })
})
