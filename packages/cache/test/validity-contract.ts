import type { Test } from 'tap'
import type { Stamp } from '../src/index.js'
import { endsAt, valid } from './judging.js'
import { ascending } from './ascending.js'
import type { MakePlace } from './store-place.js'

const MANY = 200

/** The part of the contract about the clock. */
export function stamps (t: Test, makePlace: MakePlace) {
  t.test('stamps are microseconds and strictly increase', async (t) => {
    const namespace = (await (await makePlace(t)).open()).namespace('n')
    const before = (Date.now() - 1000) * 1000
    const issued: Stamp[] = []
    for (let i = 0; i < MANY; i++) issued.push(await namespace.validity.stamp())
    t.ok(ascending(issued))
    t.ok(issued.every(Number.isSafeInteger))
    const [first = 0] = issued
    t.ok(first > before && first < before + 60_000_000, 'the wall clock')
  })

  t.test('concurrent stamps are all different', async (t) => {
    const namespace = (await (await makePlace(t)).open()).namespace('n')
    const issued = await Promise.all(
      Array.from({ length: MANY }, (_, i) =>
        i % 2 === 0 ? namespace.validity.stamp() : namespace.validity.invalidate(['tag'])
      )
    )
    t.equal(new Set(issued).size, MANY)
  })

  t.test('stamps increase when the clock is ahead of the wall clock', async (t) => {
    const place = await makePlace(t)
    const namespace = (await place.open()).namespace('n')
    await namespace.validity.stamp()
    const ahead = Date.UTC(2100, 0, 1) * 1000
    await place.setClock('n', ahead)
    const stamps = [
      await namespace.validity.stamp(),
      await namespace.validity.invalidate(['tag']),
      await namespace.validity.clear(),
      await namespace.validity.stamp()
    ]
    t.ok(ascending([ahead, ...stamps]))
    // A store may use some for itself, but does not leap.
    t.ok(stamps.every((stamp) => stamp < ahead + 10), stamps.join())
  })
}

/** The part of the contract about invalidations and Rule V. */
export function records (t: Test, makePlace: MakePlace) {
  t.test('the validity of an entry depends on its tags and the floor', async (t) => {
    const namespace = (await (await makePlace(t)).open()).namespace('n')
    const before = await namespace.validity.stamp()
    t.ok(await valid(namespace, before, ['a', 'b']))
    const stamp = await namespace.validity.invalidate(['a', 'c'])
    t.ok(stamp > before)
    t.notOk(await valid(namespace, before, ['b', 'a']))
    t.notOk(await valid(namespace, before, ['c']))
    t.ok(await valid(namespace, before, ['b']))
    t.ok(await valid(namespace, before, []))
    t.ok(await endsAt(namespace, ['b', 'a'], stamp))
    t.notOk(await valid(namespace, stamp, ['a']), 'an entry of the same stamp is invalid')
    t.ok(await valid(namespace, await namespace.validity.stamp(), ['a', 'b', 'c']))
    t.ok(await namespace.validity.invalidate(['a']) > stamp)
    t.ok(await endsAt(namespace, ['c'], stamp), 'the other tag keeps its record')
  })

  t.test('clear invalidates everything that exists, and nothing later', async (t) => {
    const namespace = (await (await makePlace(t)).open()).namespace('n')
    const before = await namespace.validity.stamp()
    await namespace.validity.invalidate(['a'])
    const stamp = await namespace.validity.clear()
    t.ok(stamp > before)
    t.notOk(await valid(namespace, before, []))
    t.notOk(await valid(namespace, before, ['never heard of']))
    t.notOk(await valid(namespace, stamp, []))
    t.ok(await valid(namespace, await namespace.validity.stamp(), ['a']))
  })

  t.test('concurrent requests are each answered for their own tags', async (t) => {
    const namespace = (await (await makePlace(t)).open()).namespace('n')
    const a = await namespace.validity.invalidate(['a'])
    const b = await namespace.validity.invalidate(['b'])
    const asked = [
      endsAt(namespace, ['a'], a),
      endsAt(namespace, ['b'], b),
      endsAt(namespace, ['b', 'a'], b),
      valid(namespace, a, ['c'])
    ]
    t.strictSame(await Promise.all(asked), [true, true, true, true])
  })

  t.test('odd tags', async (t) => {
    const namespace = (await (await makePlace(t)).open()).namespace('n')
    const odd = [
      'a\nb',
      '\n',
      'a\u0000',
      '\u0002',
      '\u0002clock',
      '\u0002floor',
      '\u0002=a',
      '{a}',
      '}{',
      'ключ',
      '🔑',
      ' ',
      ' a',
      "'",
      '*',
      '\u0001key',
      '-inf',
      '(1',
      'clock',
      'floor',
      'n',
      '"',
      '\\',
      'x'.repeat(65536)
    ]
    const before = await namespace.validity.stamp()
    for (const tag of odd) {
      t.ok(await valid(namespace, before, [tag]))
      const stamp = await namespace.validity.invalidate([tag])
      t.ok(await endsAt(namespace, [tag], stamp))
    }
    t.ok(await valid(namespace, before, ['a']))
  })

  t.test('beyond maxTags the oldest records are dropped, and the floor rises in their place', async (t) => {
    const maxTags = 20
    const namespace = (await (await makePlace(t)).open({ maxTags })).namespace('n')
    const old = await namespace.validity.stamp()
    const issued: Stamp[] = []
    for (let i = 0; i < 10 * maxTags; i++) {
      issued.push(await namespace.validity.invalidate([`tag-${i}`]))
    }
    t.notOk(await valid(namespace, old, []), 'what cannot be judged any more is invalid')
    const judged = await Promise.all(issued.map((stamp) => valid(namespace, stamp, [])))
    const kept = issued.filter((_, i) => judged[i])
    t.ok(
      kept.length >= maxTags - 1 && kept.length <= maxTags + 1,
      `${kept.length} records above the floor`
    )
    for (const [i, stamp] of issued.entries()) {
      t.notOk(await valid(namespace, stamp, [`tag-${i}`]), 'no entry becomes valid by it')
    }
    t.ok(await valid(namespace, await namespace.validity.stamp(), ['tag-0']), 'what comes is valid')
  })

  t.test('more tags at once than records are kept', async (t) => {
    const place = await makePlace(t)
    const namespace = (await place.open({ maxTags: 5 })).namespace('n')
    await namespace.validity.stamp()
    await place.setClock('n', Date.UTC(2100, 0, 1) * 1000)
    const old = await namespace.validity.stamp()
    const tags = Array.from({ length: 50 }, (_, i) => `tag-${i}`)
    const stamp = await namespace.validity.invalidate(tags)
    for (const tag of tags) t.notOk(await valid(namespace, stamp, [tag]))
    t.notOk(await valid(namespace, old, ['tag-0']))
    t.ok(await namespace.validity.stamp() > stamp, 'the clock is not lost by it')
    t.ok(await valid(namespace, await namespace.validity.stamp(), tags))
  })
}

/** The part of the contract about entries that replace valid ones. */
export function replacements (t: Test, makePlace: MakePlace) {
  const FAR = Date.UTC(2100, 0, 1)

  t.test('a replacement ends earlier entries of its key, and no others', async (t) => {
    const namespace = (await (await makePlace(t)).open()).namespace('n')
    const { validity } = namespace
    const old = await validity.stamp()
    const fill = await validity.stamp()
    const stamp =
      (await validity.replace({ key: 'key', tags: ['tag', 'key'], stamp: fill }, FAR)) ?? 0
    await validity.waitForLeases()
    t.ok(stamp > fill)
    t.notOk(await valid(namespace, old, ['tag'], 'key'))
    t.notOk(await valid(namespace, fill, [], 'key'))
    t.ok(await valid(namespace, old, ['tag', 'key'], 'another key'))
    t.ok(await valid(namespace, stamp, ['tag', 'key'], 'key'))
  })

  t.test('an entry that was invalidated while it was computed replaces nothing', async (t) => {
    const namespace = (await (await makePlace(t)).open()).namespace('n')
    const { validity } = namespace
    const old = await validity.stamp()
    const late = await validity.stamp()
    const invalidated = await validity.invalidate(['tag'])
    t.equal(
      await validity.replace({ key: 'key', tags: ['tag', 'key'], stamp: late }, FAR),
      undefined
    )
    t.ok(await valid(namespace, old, ['key'], 'key'))
    const stamp =
      (await validity.replace(
        { key: 'key', tags: ['tag', 'key'], stamp: invalidated + 1 },
        FAR
      )) ?? 0
    t.ok(await valid(namespace, stamp, ['tag', 'key'], 'key'))
    await validity.clear()
    t.equal(await validity.replace({ key: 'key', tags: [], stamp }, FAR), undefined)
  })

  t.test(
    'a replacement does not hide a later invalidation of its key, and vice versa',
    async (t) => {
      const namespace = (await (await makePlace(t)).open()).namespace('n')
      const { validity } = namespace
      const first =
        (await validity.replace(
          { key: 'key', tags: ['key'], stamp: await validity.stamp() },
          FAR
        )) ?? 0
      const deleted = await validity.invalidate(['key'])
      t.notOk(await valid(namespace, first, ['key'], 'key'))
      const second =
        (await validity.replace({ key: 'key', tags: ['key'], stamp: deleted + 0.5 }, FAR)) ?? 0
      t.ok(await valid(namespace, second, ['key'], 'key'))
      t.notOk(await valid(namespace, deleted, ['key'], 'another key'))
    }
  )

  t.test(
    'beyond maxTags the oldest replacements are dropped, and the floor rises in their place',
    async (t) => {
      const namespace = (await (await makePlace(t)).open({ maxTags: 20 })).namespace('n')
      const { validity } = namespace
      const old = await validity.stamp()
      for (const until of [FAR, Infinity]) {
        for (let i = 0; i < 100; i++) {
          const stamp = await validity.replace(
            { key: `key-${i}`, tags: [], stamp: await validity.stamp() },
            until
          )
          t.ok(await valid(namespace, stamp ?? 0, [], `key-${i}`))
          t.notOk(await valid(namespace, old, [], 'key-0'))
        }
      }
      t.ok(await valid(namespace, await validity.stamp(), [], 'key-0'))
    }
  )
}
