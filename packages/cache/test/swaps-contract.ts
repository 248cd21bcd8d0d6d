import type { Test } from 'tap'
import { encodeCounter, numberOf } from '../src/counter-frame.js'
import { versionOf } from '../src/frame-version.js'
import type { Entries, StoreNamespace } from '../src/index.js'
import { stopDate } from './clock.js'
import { frameOf } from './frames.js'
import { valid } from './judging.js'
import { randomFrom } from './random.js'
import type { MakePlace } from './store-place.js'

const TTL = 60_000
const FAR = Date.UTC(2100, 0, 1)
const MOST = Number.MAX_SAFE_INTEGER

export const counterOf = (
  stamp: number,
  value: number,
  tags: readonly string[] = ['tag']
): Buffer =>
  encodeCounter({
    value,
    stamp,
    tags,
    storedAt: 1,
    freshUntil: 2,
    staleUntil: 3,
    errorUntil: 4,
    keptFor: 5,
    filledBy: 'one',
    cost: 6
  })

/** Fails: the value has to exist. */
export function missing (): never {
  throw new Error('there is none')
}

/** Returns the version in the store; with `anyNumber`, that of a counter with any number. */
const seen = async (entries: Entries, key: string, anyNumber = false) => {
  const [frame] = await entries.get([key])
  const version = frame && versionOf(frame)
  return version && anyNumber ? { ...version, number: undefined } : version
}

/** The part of the contract about frames that change only if they are the ones that were read. */
export function swaps (t: Test, makePlace: MakePlace) {
  const open = async (t: Test) => (await (await makePlace(t)).open()).namespace('n')

  t.test('a frame replaces only the one that was read', async (t) => {
    const { entries } = await open(t)
    const [a, b, c] = [frameOf(5, 'a'), frameOf(5, 'b'), frameOf(7, 'c')]
    t.equal(await entries.swap('key', versionOf(a), b, TTL), undefined, 'there is none')
    t.strictSame(await entries.swap('key', undefined, a, TTL), { number: undefined })
    t.equal(await entries.swap('key', undefined, b, TTL), undefined, 'there is one')
    t.equal(await entries.swap('key', versionOf(b), c, TTL), undefined, 'another checksum')
    t.strictSame(await entries.get(['key']), [a])
    t.ok(await entries.swap('key', versionOf(a), c, TTL))
    t.ok(await entries.swap('key', versionOf(c), b, TTL), 'also by one with a lower stamp')
    t.strictSame(await entries.get(['key']), [b])
    t.equal(await entries.swap('key', versionOf(c), undefined, 0), undefined)
    t.ok(await entries.swap('key', versionOf(b), undefined, 0))
    t.strictSame(await entries.get(['key']), [undefined])
    t.equal(await entries.swap('key', versionOf(b), undefined, 0), undefined)
  })

  t.test('each part of a version counts', async (t) => {
    const { entries } = await open(t)
    const frame = frameOf(1_700_000_000_000_000.5, 'a')
    await entries.set('key', frame, TTL)
    const version = { ...versionOf(frame) ?? { stamp: 0, storedAt: 0, checksum: 0 } }
    const others = [
      { ...version, stamp: version.stamp + 0.5 }, { ...version, storedAt: 2 },
      { ...version, checksum: version.checksum ^ 1 }, { ...version, number: 0 }
    ]
    for (const other of others) {
      t.equal(await entries.swap('key', other, undefined, 0), undefined, JSON.stringify(other))
    }
    t.ok(await entries.swap('key', version, undefined, 0))
  })

  t.test('of many swaps of the same frame, one succeeds', async (t) => {
    const { entries } = await open(t)
    for (const first of [undefined, frameOf(1, 'first'), counterOf(1, 1)]) {
      await entries.delete('key')
      if (first !== undefined) await entries.set('key', first, TTL)
      const version = first && versionOf(first)
      const all = await Promise.all(
        Array.from({ length: 20 }, (_, i) => entries.swap('key', version, frameOf(2, `${i}`), TTL))
      )
      t.equal(all.filter((swapped) => swapped !== undefined).length, 1)
    }
  })

  t.test('a swapped-in frame expires after its ttl', async (t) => {
    const place = await makePlace(t)
    const { entries } = (await place.open()).namespace('n')
    if (place.remaining !== undefined) {
      await entries.set('key', frameOf(1, ''), TTL)
      await entries.swap('key', await seen(entries, 'key'), counterOf(2, 1), 5000.4)
      const remaining = await place.remaining('n', 'key')
      t.ok(remaining > 0 && remaining <= 5001, `${remaining} ms`)
      await entries.increment('key', await seen(entries, 'key', true) ?? missing(), 1)
      const after = await place.remaining('n', 'key')
      t.ok(after > 0 && after <= remaining, `${after} ms, as it was counted`)
      return
    }
    const date = stopDate(t)
    await entries.swap('key', undefined, counterOf(2, 1), 5000)
    const version = await seen(entries, 'key', true) ?? missing()
    date.advance(4999)
    t.equal(await entries.increment('key', version, 1), 2)
    date.advance(1)
    t.equal(await entries.increment('key', version, 1), undefined, 'counting does not extend it')
    t.ok(await entries.swap('key', undefined, frameOf(1, ''), 5000), 'there is none any more')
  })

  t.test('a counter counts in place, and other frames do not', async (t) => {
    const { entries } = await open(t)
    const counter = counterOf(3, 40)
    const version = { ...versionOf(counter) ?? missing(), number: undefined }
    t.equal(await entries.increment('key', version, 1), undefined, 'there is none')
    await entries.set('key', counter, TTL)
    t.equal(await entries.increment('key', version, 2), 42)
    t.strictSame(await entries.get(['key']), [counterOf(3, 42)])
    t.equal(await entries.increment('key', version, -50), -8)
    t.equal(await entries.increment('key', version, 8), 0)
    t.strictSame(await entries.get(['key']), [counterOf(3, 0)])
    t.equal(
      await entries.increment('key', { ...version, stamp: 4 }, 1),
      undefined,
      'another counter'
    )
    await entries.set('key', frameOf(3, 'plain'), TTL)
    t.equal(
      await entries.increment('key', { ...(versionOf(frameOf(3, 'plain')) ?? missing()) }, 1),
      undefined,
      'no counter'
    )
    t.strictSame(await entries.get(['key']), [frameOf(3, 'plain')])
  })

  t.test('a counter stays within the safe integers', async (t) => {
    const { entries } = await open(t)
    for (const [begin, by] of [
      [MOST, 1],
      [MOST - 1, 2],
      [-MOST, -1],
      [1, MOST],
      [-1, -MOST],
      [MOST, MOST]
    ] as const) {
      await entries.delete('key')
      await entries.set('key', counterOf(1, begin), TTL)
      const version = (await seen(entries, 'key', true)) ?? missing()
      const sum = await entries.increment('key', version, by)
      t.ok(sum !== undefined && !Number.isSafeInteger(sum), `${begin} + ${by}`)
      t.strictSame(await entries.get(['key']), [counterOf(1, begin)])
      t.equal(await entries.increment('key', version, -by), begin - by)
    }
  })

  t.test('sums are those of arithmetic: random numbers, one by one and concurrently', async (t) => {
    const { entries } = await open(t)
    const random = randomFrom(7)
    const keys = ['a', 'b', 'c']
    for (const key of keys) await entries.set(key, counterOf(1, 0), TTL)
    const version = await seen(entries, 'a', true) ?? missing()
    const sums = new Map(keys.map((key) => [key, 0]))
    for (let round = 0; round < 40; round++) {
      const size = 10 ** random(15)
      const all = Array.from({ length: 1 + random(20) }, () => ({
        key: keys[random(3)] ?? 'a',
        by: (random(size) || 1) * (random(2) === 0 ? 1 : -1)
      }))
      const told = await Promise.all(all.map(({ key, by }) => entries.increment(key, version, by)))
      for (const key of keys) {
        const own = all.flatMap((one, i) =>
          one.key === key ? [{ by: one.by, sum: told[i] ?? NaN }] : []
        )
        const end = own.reduce((sum, { by }) => sum + by, sums.get(key) ?? NaN)
        if (!isOrder(own, sums.get(key) ?? NaN)) {
          t.fail(`round ${round}`, { own, from: sums.get(key) })
        }
        const [frame] = await entries.get([key])
        if (frame === undefined || numberOf(frame) !== end) {
          t.fail(`round ${round}: ${frame && numberOf(frame)}, not ${end}`)
        }
        sums.set(key, end)
      }
    }
  })

  t.test(
    'a counter that replaces one with any number takes over the number',
    async (t) => {
      const { entries } = await open(t)
      await entries.set('key', counterOf(1, 5), TTL)
      const exact = (await seen(entries, 'key')) ?? missing()
      t.equal(exact.number, 5)
      await entries.increment('key', { ...exact, number: undefined }, 1)
      t.equal(
        await entries.swap('key', exact, counterOf(2, 100), TTL),
        undefined,
        'it has been counted since'
      )
      t.strictSame(
        await entries.swap('key', { ...exact, number: undefined }, counterOf(2, 100), TTL),
        { number: 6 }
      )
      t.strictSame(await entries.get(['key']), [counterOf(2, 6)])
      t.strictSame(await entries.swap('key', await seen(entries, 'key'), counterOf(3, 100), TTL), {
        number: 6
      })
      t.strictSame(
        await entries.get(['key']),
        [counterOf(3, 100)],
        'and one of that number does not'
      )
      t.strictSame(
        await entries.swap('key', await seen(entries, 'key', true), frameOf(4, 'plain'), TTL),
        { number: 100 }
      )
      t.strictSame(await entries.get(['key']), [frameOf(4, 'plain')])
    }
  )

  t.test('a delete up to a stamp leaves later frames', async (t) => {
    const { entries } = await open(t)
    for (const frame of [frameOf(10.5, 'a'), counterOf(10.5, 1)]) {
      await entries.set('key', frame, TTL)
      await entries.delete('key', 10)
      t.strictSame(await entries.get(['key']), [frame])
      await entries.delete('key', 10.5)
      t.strictSame(await entries.get(['key']), [undefined])
    }
    await entries.delete('key', 10)
  })

  t.test('unusual keys are swapped and counted independently', async (t) => {
    const { entries } = await open(t)
    const odd = [
      '{a}',
      '{a',
      '}{',
      '',
      'ключ',
      '🔑',
      ' ',
      'a\nb',
      'a\u0000',
      "'",
      'x'.repeat(65536)
    ].filter((key) => key !== '')
    for (const [i, key] of odd.entries()) await entries.swap(key, undefined, counterOf(1, i), TTL)
    const version = await seen(entries, '{a}', true) ?? missing()
    t.strictSame(
      await Promise.all(odd.map((key) => entries.increment(key, version, 1))),
      odd.map((_, i) => i + 1)
    )
  })
}

/** The part of the contract about the effect of a swap on earlier entries. */
export function swapRecords (t: Test, makePlace: MakePlace) {
  const open = async (t: Test) => (await (await makePlace(t)).open()).namespace('n')

  t.test('a stamp is issued for an entry that is valid as of that stamp', async (t) => {
    const namespace = await open(t)
    const { validity } = namespace
    const stamp = await validity.stamp()
    const entry = { key: 'key', stamp, tags: ['tag', '\u0001key'] }
    const issued = await validity.stampIfValid(entry) ?? missing()
    t.ok(issued > stamp && await validity.stamp() > issued)
    t.ok(await validity.stampIfValid({ ...entry, tags: [] }))
    const ends: [string, () => Promise<unknown>][] = [
      ['a tag', () => validity.invalidate(['tag'])],
      ['its key', () => validity.invalidate(['\u0001key'])],
      [
        'a value that was set explicitly',
        async () => validity.replace({ ...entry, stamp: await validity.stamp() }, Infinity)
      ],
      ['a refill', async () => validity.replace({ ...entry, stamp: await validity.stamp() }, FAR)],
      ['a swap', async () => validity.replaced('key', await validity.stamp(), FAR)],
      ['everything', () => validity.clear()]
    ]
    for (const [what, end] of ends) {
      const stamp = await validity.stamp()
      t.ok(await validity.stampIfValid({ ...entry, stamp }))
      await end()
      t.equal(await validity.stampIfValid({ ...entry, stamp }), undefined, what)
    }
  })

  t.test(
    'a past replacement ends entries up to its stamp, and no later ones',
    async (t) => {
      const namespace = await open(t)
      const { validity } = namespace
      const old = await validity.stamp()
      const stamp = await validity.stamp()
      await validity.replaced('key', stamp, FAR)
      await validity.waitForLeases()
      t.notOk(await valid(namespace, old, [], 'key'))
      t.notOk(await valid(namespace, stamp, [], 'key'))
      t.ok(await valid(namespace, stamp + 0.5, [], 'key'))
      t.ok(await valid(namespace, old, [], 'another key'))
    }
  )

  t.test('a replacement recorded late lowers nothing', async (t) => {
    const namespace = await open(t)
    const { validity } = namespace
    const first = await validity.stamp()
    const second = await validity.stamp()
    await validity.replaced('key', second, FAR)
    await validity.replaced('key', first, FAR)
    await validity.waitForLeases()
    t.notOk(await valid(namespace, first + 0.5, [], 'key'))
    t.notOk(await valid(namespace, second, [], 'key'))
    t.ok(await valid(namespace, second + 0.5, [], 'key'))
    const cleared = await validity.clear()
    await validity.replaced('key', first, FAR)
    t.ok(await valid(namespace, cleared + 0.5, [], 'key'))
    t.notOk(await valid(namespace, second + 0.5, [], 'another key'), 'nor the floor')
    t.ok(await validity.stamp() > cleared, 'nor the clock')
  })

  t.test('beyond maxTags of them the floor rises', async (t) => {
    const namespace = (await (await makePlace(t)).open({ maxTags: 20 })).namespace('n')
    const { validity } = namespace
    const old = await validity.stamp()
    for (let i = 0; i < 100; i++) await validity.replaced(`key-${i}`, await validity.stamp(), FAR)
    await validity.waitForLeases()
    t.notOk(await valid(namespace, old, [], 'key-0'))
    t.ok(await valid(namespace, await validity.stamp(), [], 'key-0'))
  })
}

/** The part for stores that processes share. */
export function sharedSwaps (t: Test, makePlace: MakePlace) {
  const two = async (t: Test): Promise<[StoreNamespace, StoreNamespace]> => {
    const place = await makePlace(t)
    return [(await place.open()).namespace('n'), (await place.open()).namespace('n')]
  }

  t.test('the other handle learns of a replacement that is recorded late', async (t) => {
    const [a, b] = await two(t)
    for (let i = 0; i < 50; i++) {
      const stamp = await a.validity.stamp()
      // The other handle knows later changes before it can know this one.
      const later =
        (await b.validity.replace(
          { key: 'other', tags: [], stamp: await b.validity.stamp() },
          FAR
        )) ?? missing()
      await b.validity.invalidate(['tag'])
      t.notOk(await valid(b, later - 2, ['tag'], 'other'))
      const fill = stamp - 0.5
      if (!await valid(b, fill, [], `key-${i}`)) t.fail(`${i}: it was valid`)
      await a.validity.replaced(`key-${i}`, stamp, FAR)
      await a.validity.waitForLeases()
      if (await valid(b, fill, [], `key-${i}`)) t.fail(`${i}: not known`)
      if (!await valid(b, stamp + 0.5, [], `key-${i}`)) t.fail(`${i}: too much has ended`)
    }
  })

  t.test('two handles count and swap like one', async (t) => {
    const [a, b] = await two(t)
    await a.entries.set('key', counterOf(1, 0), TTL)
    const version = await seen(b.entries, 'key', true) ?? missing()
    const sums = await Promise.all(
      Array.from({ length: 100 }, (_, i) =>
        (i % 2 === 0 ? a : b).entries.increment('key', version, 1)
      )
    )
    t.strictSame(
      sums.toSorted((x = 0, y = 0) => x - y),
      Array.from({ length: 100 }, (_, i) => i + 1)
    )
    const exact = await seen(a.entries, 'key')
    const swapped = await Promise.all(
      [a, b].map(({ entries }) => entries.swap('key', exact, undefined, 0))
    )
    t.equal(swapped.filter((one) => one !== undefined).length, 1)
  })

  t.test('no stamp is issued for an entry that the other handle has just ended', async (t) => {
    const [a, b] = await two(t)
    for (let i = 0; i < 50; i++) {
      const entry = { key: 'key', tags: ['tag'], stamp: await b.validity.stamp() }
      t.ok(await valid(b, entry.stamp, entry.tags))
      await a.validity.invalidate(['tag'], 'bounded')
      if (await b.validity.stampIfValid(entry) !== undefined) t.fail(`${i}`)
    }
  })
}

/** Reports whether the sums result from adding the numbers to `from` in some order. */
function isOrder (
  all: readonly { readonly by: number; readonly sum: number }[],
  from: number
): boolean {
  const left = [...all]
  for (let at = from; left.length > 0;) {
    const next = left.findIndex(({ by, sum }) => at + by === sum)
    const [one] = left.splice(next, 1)
    if (next < 0 || one === undefined) return false
    at = one.sum
  }
  return true
}
