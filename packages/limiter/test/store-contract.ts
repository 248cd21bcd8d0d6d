import type { Test } from 'tap'
import { definePolicy, type LimitStore, type Policy, type Verdict } from '../src/index.js'

/** An empty place for a store, with control over its clock. */
export interface LimitPlace {
  /**
   * Opens a store there, closed after the test. If the store is shared, each is a separate handle.
   */
  open (): Promise<LimitStore>
  /** Lets this many milliseconds pass for the key's data. Negative: the clock is set back. */
  advance (key: string, ms: number): Promise<void>
  /** False if handles are independent. */
  readonly shared: boolean
  /** Number of stored budgets of the key. If absent, full ones are deleted some time later. */
  kept? (key: string): Promise<number>
}

const HOUR = 3_600_000
const MINUTE = 60_000

// An hour per unit: the duration of a test makes no difference.
const hourly = definePolicy({ name: 'hourly', limit: 24, window: 24 * HOUR, burst: 3 })
const daily = definePolicy({
  name: 'daily',
  limit: 5,
  window: 24 * HOUR,
  algorithm: 'sliding-window'
})
const coarse = definePolicy({
  name: 'coarse',
  limit: 512,
  window: 256 * HOUR,
  algorithm: 'sliding-window'
})

/** The contract of every store. Runs against an empty place per test. */
export function storeContract (
  t: Test,
  name: string,
  makePlace: (t: Test) => Promise<LimitPlace>
): void {
  const test = (what: string, run: (t: Test, at: At) => Promise<void>) => {
    t.test(`${name}: ${what}`, async (t) => {
      const place = await makePlace(t)
      await run(t, new At(place, await place.open()))
    })
  }

  test('GCRA allows a burst at once, then one at a time', async (t, at) => {
    t.strictSame(await at.take([hourly]), ['2 left, full in 1 h'])
    t.strictSame(await at.take([hourly]), ['1 left, full in 2 h'])
    t.strictSame(await at.take([hourly]), ['0 left, full in 3 h'])
    t.strictSame(await at.take([hourly]), ['0 left, full in 3 h, wait 1 h'])
    await at.advance(59 * MINUTE)
    t.strictSame(await at.take([hourly]), ['0 left, full in 3 h, wait 1 h'], 'a minute is missing')
    await at.advance(MINUTE)
    t.strictSame(await at.take([hourly]), ['0 left, full in 3 h'])
    await at.advance(10 * HOUR)
    t.strictSame(
      await at.peek([hourly]),
      ['3 left, full in 0 h'],
      'no more than the burst comes back'
    )
  })

  test('a sliding window returns capacity when the window of a use is over', async (t, at) => {
    t.strictSame(await at.take([daily], 2), ['3 left, full in 24 h'])
    await at.advance(10 * HOUR)
    t.strictSame(await at.take([daily], 3), ['0 left, full in 24 h'])
    t.strictSame(await at.take([daily]), ['0 left, full in 24 h, wait 14 h'])
    t.strictSame(await at.take([daily], 2), ['0 left, full in 24 h, wait 14 h'])
    t.strictSame(await at.take([daily], 3), ['0 left, full in 24 h, wait 24 h'])
    await at.advance(14 * HOUR - MINUTE)
    t.strictSame(await at.take([daily]), ['0 left, full in 11 h, wait 1 h'], 'a minute is missing')
    await at.advance(MINUTE)
    t.strictSame(await at.take([daily]), ['1 left, full in 24 h'])
    await at.advance(10 * HOUR)
    t.strictSame(await at.peek([daily], 4), ['4 left, full in 14 h'])
    await at.advance(24 * HOUR)
    t.strictSame(await at.take([daily], 5), ['0 left, full in 24 h'])
  })

  test('a sliding window with a large limit counts by moments, at most one too long', async (t, at) => {
    for (let i = 0; i < 256; i++) await at.take([coarse], 2)
    const [{ remaining, wait, full } = NOTHING] = await at.store.take('key', [coarse], 1)
    t.equal(remaining, 0)
    t.ok(wait > 255 * HOUR * 1000 && wait <= 257 * HOUR * 1000, `${wait}`)
    t.ok(full >= wait && full <= wait + HOUR * 1000, `in two moments at most: ${full}`)
    await at.advance(255 * HOUR)
    t.equal((await at.store.peek('key', [coarse], 1))[0]?.remaining, 0)
    await at.advance(2 * HOUR)
    t.equal((await at.store.peek('key', [coarse], 1))[0]?.remaining, 512)
  })

  test('no policy\'s budget is used when one denies', async (t, at) => {
    await at.take([daily], 4)
    t.strictSame(await at.take([hourly, daily], 2), [
      '3 left, full in 0 h',
      '1 left, full in 24 h, wait 24 h'
    ])
    t.strictSame(await at.peek([hourly, daily]), ['3 left, full in 0 h', '1 left, full in 24 h'])
    t.strictSame(
      await at.take([daily, hourly]),
      ['0 left, full in 24 h', '2 left, full in 1 h'],
      'in any order'
    )
    t.strictSame(await at.take([hourly, daily]), [
      '2 left, full in 1 h',
      '0 left, full in 24 h, wait 24 h'
    ])
    t.strictSame(await at.take([hourly], 2), ['0 left, full in 3 h'])
    t.strictSame(await at.take([hourly, daily]), [
      '0 left, full in 3 h, wait 1 h',
      '0 left, full in 24 h, wait 24 h'
    ])
  })

  test('peek uses nothing', async (t, at) => {
    t.strictSame(await at.peek([hourly, daily], 3), ['3 left, full in 0 h', '5 left, full in 0 h'])
    t.strictSame(await at.peek([hourly, daily], 3), ['3 left, full in 0 h', '5 left, full in 0 h'])
    t.equal((await at.place.kept?.('key')) ?? 0, 0)
    await at.take([hourly], 2)
    t.strictSame(await at.peek([hourly], 2), ['1 left, full in 2 h, wait 1 h'])
  })

  test('a reset refills all budgets of a key, and no others', async (t, at) => {
    await at.take([hourly, daily], 3)
    await at.store.take('other', [daily], 3)
    await at.store.reset('key')
    t.strictSame(await at.peek([hourly, daily]), ['3 left, full in 0 h', '5 left, full in 0 h'])
    t.equal((await at.store.peek('other', [daily], 1))[0]?.remaining, 2)
    await at.store.reset('never used')
  })

  test('keys are any text, and separate', async (t, at) => {
    for (const key of [
      'a',
      'A',
      'a:b',
      '{a}',
      '}{',
      'ключ',
      'a\u0000b',
      'x'.repeat(1000),
      '__proto__'
    ]) {
      t.equal(
        (await at.store.take(key, [hourly], 1))[0]?.remaining,
        2,
        JSON.stringify(key.slice(0, 9))
      )
    }
  })

  test('a changed policy starts anew', async (t, at) => {
    await at.take([hourly], 3)
    for (const change of [{ limit: 12 }, { window: 48 * HOUR }, { burst: 4 }, { name: 'other' }]) {
      const changed = definePolicy({ ...options(hourly), ...change })
      t.equal(
        (await at.store.peek('key', [changed], 1))[0]?.remaining,
        changed.burst,
        JSON.stringify(change)
      )
    }
    t.equal(
      (await at.store.peek('key', [definePolicy(options(hourly))], 1))[0]?.remaining,
      0,
      'an identical one is the same'
    )
  })

  test('setting the clock back makes no client wait longer, and returns nothing', async (t, at) => {
    await at.take([daily], 3)
    await at.advance(2 * HOUR)
    await at.take([daily], 2)
    await at.take([hourly], 3)
    await at.advance(-100 * HOUR)
    t.strictSame(await at.take([hourly]), ['0 left, full in 3 h, wait 1 h'])
    t.strictSame(await at.take([daily]), ['0 left, full in 24 h, wait 22 h'])
    await at.advance(HOUR)
    t.strictSame(await at.take([hourly]), ['0 left, full in 3 h'])
    await at.advance(21 * HOUR)
    t.strictSame(await at.take([daily], 3), ['0 left, full in 24 h'])
    await at.advance(-HOUR)
    t.strictSame(await at.peek([hourly, daily], 2), [
      '3 left, full in 0 h',
      '0 left, full in 24 h, wait 2 h'
    ])
  })

  test('peek moves nothing, whatever the clock does', async (t, at) => {
    await at.take([hourly, daily], 3)
    await at.advance(-10 * HOUR)
    t.strictSame(await at.peek([hourly, daily]), [
      '0 left, full in 3 h, wait 1 h',
      '2 left, full in 24 h'
    ])
    await at.advance(11 * HOUR)
    t.strictSame(await at.peek([hourly, daily], 3), [
      '1 left, full in 2 h, wait 2 h',
      '2 left, full in 23 h, wait 23 h'
    ])
  })

  test('full budgets are not stored', async (t, at) => {
    if (at.place.kept === undefined) return
    await at.take([hourly])
    await at.take([daily])
    t.equal(await at.place.kept('key'), 2)
    await at.advance(4 * HOUR)
    t.equal(await at.place.kept('key'), 2, 'the other policy still needs it')
    await at.take([hourly])
    await at.advance(50 * HOUR)
    await at.store.take('other', [hourly], 1)
    t.equal(await at.place.kept('key'), 0)
  })

  test('two handles act as one store', async (t, at) => {
    if (!at.place.shared) return
    const other = await at.place.open()
    await at.take([hourly], 2)
    t.equal((await other.take('key', [hourly], 1))[0]?.remaining, 0)
    t.strictSame(await at.take([hourly]), ['0 left, full in 3 h, wait 1 h'])
    await other.reset('key')
    t.strictSame(await at.take([hourly], 3), ['0 left, full in 3 h'])
  })
}

const NOTHING: Verdict = { remaining: NaN, full: NaN, wait: NaN, again: NaN }
const options = ({ name, limit, window, burst }: Policy) => ({ name, limit, window, burst })

/** Wraps a store with a key, and returns readable answers. */
class At {
  constructor (readonly place: LimitPlace, readonly store: LimitStore) {}

  async take (policies: readonly Policy[], cost = 1) {
    return (await this.store.take('key', policies, cost)).map(inWords)
  }

  async peek (policies: readonly Policy[], cost = 1) {
    return (await this.store.peek('key', policies, cost)).map(inWords)
  }

  advance (ms: number) {
    return this.place.advance('key', ms)
  }
}

/** Rounded up to hours: a store on a running clock gives the same result. */
function inWords ({ remaining, full, wait }: Verdict) {
  const hours = (microseconds: number) => Math.ceil(microseconds / 1000 / HOUR)
  return `${remaining} left, full in ${hours(full)} h${wait > 0 ? `, wait ${hours(wait)} h` : ''}`
}
