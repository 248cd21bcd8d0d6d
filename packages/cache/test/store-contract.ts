import { randomBytes } from 'node:crypto'
import type { Test } from 'tap'
import { type Stamp, type Store, type StoreNamespace } from '../src/index.js'
import { claims, sharedClaims } from './claims-contract.js'
import { stopDate } from './clock.js'
import { frameOf } from './frames.js'
import { type Place, startInstance } from './instance-process.js'

/** An empty place for a store, and what the suite has to do to it behind the store's back. */
export interface StorePlace {
  /** A store there, closed with the test. Where the store is shared, each is a handle of its own. */
  open (options?: { readonly maxTags?: number }): Promise<Store>
  /** Puts the namespace's clock where it says, as if an instance with that clock had been the last to ask. */
  setClock (namespace: string, clock: Stamp): Promise<void>
  /** Milliseconds until the store itself drops the entry. Where it is missing, `Date` decides. */
  remaining?(namespace: string, key: string): Promise<number>
  /** Loses clock, floor and tag records, as an eviction or a flush does. Only where that can happen. */
  loseRecords?(namespace: string): Promise<void>
  /** For a second process. */
  readonly process?: Place
}

const TTL = 60_000
const MANY = 200

/**
 * What every store keeps to. Runs against an empty place per test; the capabilities a store declares decide which
 * parts apply.
 */
export function storeContract (t: Test, name: string, makePlace: (t: Test) => Promise<StorePlace>): void {
  t.test(`${name} keeps the store contract`, async (t) => {
    const { capabilities } = await (await makePlace(t)).open()

    entries(t, makePlace)
    stamps(t, makePlace)
    records(t, makePlace, capabilities.judgesLocally)
    claims(t, makePlace)
    if (capabilities.shared) {
      sharing(t, makePlace)
      sharedClaims(t, makePlace)
    }
    if (capabilities.persistent) reopening(t, makePlace)
  })
}

function entries (t: Test, makePlace: (t: Test) => Promise<StorePlace>) {
  t.test('what is set is there until it is deleted', async (t) => {
    const namespace = (await (await makePlace(t)).open()).namespace('n')
    const frame = frameOf(await namespace.stamp(), 'body')
    t.strictSame(await namespace.get(['a']), [undefined])
    await namespace.set('a', 1, frame, TTL)
    t.strictSame(await namespace.get(['a']), [frame])
    await namespace.delete('a')
    t.strictSame(await namespace.get(['a']), [undefined])
    await namespace.delete('a')
  })

  t.test('many keys are answered in their order, also none and the same twice', async (t) => {
    const namespace = (await (await makePlace(t)).open()).namespace('n')
    const [a, b] = [frameOf(1, 'a'), frameOf(1, 'b')]
    await namespace.set('a', 1, a, TTL)
    await namespace.set('b', 1, b, TTL)
    t.strictSame(await namespace.get(['b', 'none', 'a', 'b']), [b, undefined, a, b])
    t.strictSame(await namespace.get([]), [])
  })

  t.test('a frame ends with its ttl', async (t) => {
    const place = await makePlace(t)
    const namespace = (await place.open()).namespace('n')
    if (place.remaining !== undefined) {
      await namespace.set('a', 1, frameOf(1, ''), 5000.4)
      const remaining = await place.remaining('n', 'a')
      t.ok(remaining > 0 && remaining <= 5001, `${remaining} ms`)
      await namespace.set('a', 2, frameOf(2, ''), TTL)
      t.ok(await place.remaining('n', 'a') > 5001, 'and takes the ttl of what replaces it')
      return
    }
    const date = stopDate(t)
    await namespace.set('a', 1, frameOf(1, ''), 5000)
    date.advance(4999)
    t.strictSame(await namespace.get(['a']), [frameOf(1, '')])
    date.advance(1)
    t.strictSame(await namespace.get(['a']), [undefined])
  })

  t.test('a lower stamp is never put over a higher one', async (t) => {
    const namespace = (await (await makePlace(t)).open()).namespace('n')
    const [low, high, same] = [frameOf(1_700_000_000_000_000, 'low'), frameOf(1_700_000_000_000_001, 'high'), frameOf(1_700_000_000_000_001, 'same')]
    await namespace.set('a', 1_700_000_000_000_000, low, TTL)
    await namespace.set('a', 1_700_000_000_000_001, high, TTL)
    t.strictSame(await namespace.get(['a']), [high])
    await namespace.set('a', 1_700_000_000_000_000, low, TTL)
    t.strictSame(await namespace.get(['a']), [high])
    await namespace.set('a', 1_700_000_000_000_001, same, TTL)
    t.strictSame(await namespace.get(['a']), [same])
    await namespace.delete('a')
    await namespace.set('a', 1_700_000_000_000_000, low, TTL)
    t.strictSame(await namespace.get(['a']), [low], 'once it is deleted the stamp is forgotten')
  })

  t.test('every byte comes back, of an empty body as of 1 MiB', async (t) => {
    const namespace = (await (await makePlace(t)).open()).namespace('n')
    const bodies = [Buffer.alloc(0), Buffer.from(Array.from({ length: 256 }, (_, i) => i)), randomBytes(1024 * 1024)]
    for (const [i, body] of bodies.entries()) {
      await namespace.set(`key-${i}`, 1, frameOf(1, body), TTL)
      const [frame] = await namespace.get([`key-${i}`])
      t.ok(frame?.equals(frameOf(1, body)), `${body.length} bytes`)
    }
  })

  t.test('odd keys name one entry each', async (t) => {
    const namespace = (await (await makePlace(t)).open()).namespace('n')
    const odd = ['{a}', '{a', 'a}', '{}', 'ключ', '鍵', '🔑', ' ', ' a', 'a ', 'a\nb', 'a\u0000', 'a\u0000b', '*', '%', "'", 'n:e:a', 'x'.repeat(8192)]
    for (const key of odd) await namespace.set(key, 1, frameOf(1, key), TTL)
    t.strictSame(await namespace.get(odd), odd.map((key) => frameOf(1, key)))
  })

  t.test('namespaces are apart', async (t) => {
    const store = await (await makePlace(t)).open()
    const [a, b] = [store.namespace('a'), store.namespace('b')]
    const stamp = Math.max(await a.stamp(), await b.stamp())
    await a.set('key', stamp, frameOf(stamp, 'a'), TTL)
    t.strictSame(await b.get(['key']), [undefined])
    await b.set('key', stamp, frameOf(stamp, 'b'), TTL)
    await b.invalidate(['tag'])
    t.ok(await valid(t, a, stamp, ['tag']))
    await b.clear()
    t.strictSame(await a.get(['key']), [frameOf(stamp, 'a')])
    t.ok(await valid(t, a, stamp, ['tag']))
    t.notOk(await valid(t, b, stamp, []))
  })
}

function stamps (t: Test, makePlace: (t: Test) => Promise<StorePlace>) {
  t.test('stamps are microseconds and strictly grow', async (t) => {
    const namespace = (await (await makePlace(t)).open()).namespace('n')
    const before = (Date.now() - 1000) * 1000
    const issued: Stamp[] = []
    for (let i = 0; i < MANY; i++) issued.push(await namespace.stamp())
    t.ok(ascending(issued))
    t.ok(issued.every(Number.isSafeInteger))
    const [first = 0] = issued
    t.ok(first > before && first < before + 60_000_000, 'the wall clock')
  })

  t.test('stamps taken at once are all different', async (t) => {
    const namespace = (await (await makePlace(t)).open()).namespace('n')
    const issued = await Promise.all(Array.from({ length: MANY }, (_, i) => i % 2 === 0 ? namespace.stamp() : namespace.invalidate(['tag'])))
    t.equal(new Set(issued).size, MANY)
  })

  t.test('stamps grow when the clock is ahead of the wall clock', async (t) => {
    const place = await makePlace(t)
    const namespace = (await place.open()).namespace('n')
    await namespace.stamp()
    const ahead = Date.UTC(2100, 0, 1) * 1000
    await place.setClock('n', ahead)
    const stamps = [await namespace.stamp(), await namespace.invalidate(['tag']), await namespace.clear(), await namespace.stamp()]
    t.ok(ascending([ahead, ...stamps]))
    // A store may take some for itself, but does not leap.
    t.ok(stamps.every((stamp) => stamp < ahead + 10), stamps.join())
  })
}

function records (t: Test, makePlace: (t: Test) => Promise<StorePlace>, judgesLocally: boolean) {
  t.test('an entry is judged by its tags and the floor', async (t) => {
    const namespace = (await (await makePlace(t)).open()).namespace('n')
    const before = await namespace.stamp()
    if (judgesLocally) t.not(namespace.judge(before, []), undefined, 'as its capabilities say')
    t.ok(await valid(t, namespace, before, ['a', 'b']))
    const stamp = await namespace.invalidate(['a', 'c'])
    t.ok(stamp > before)
    t.notOk(await valid(t, namespace, before, ['b', 'a']))
    t.notOk(await valid(t, namespace, before, ['c']))
    t.ok(await valid(t, namespace, before, ['b']))
    t.ok(await valid(t, namespace, before, []))
    t.equal(await namespace.barrier(['b', 'a']), stamp)
    t.notOk(await valid(t, namespace, stamp, ['a']), 'an entry of the same stamp is invalid')
    t.ok(await valid(t, namespace, await namespace.stamp(), ['a', 'b', 'c']))
    t.ok(await namespace.invalidate(['a']) > stamp)
    t.equal(await namespace.barrier(['c']), stamp, 'the other tag keeps its record')
  })

  t.test('clear makes all there is invalid, and nothing that comes', async (t) => {
    const namespace = (await (await makePlace(t)).open()).namespace('n')
    const before = await namespace.stamp()
    await namespace.invalidate(['a'])
    const stamp = await namespace.clear()
    t.ok(stamp > before)
    t.notOk(await valid(t, namespace, before, []))
    t.notOk(await valid(t, namespace, before, ['never heard of']))
    t.notOk(await valid(t, namespace, stamp, []))
    t.ok(await valid(t, namespace, await namespace.stamp(), ['a']))
  })

  t.test('questions asked at once are each answered for their own tags', async (t) => {
    const namespace = (await (await makePlace(t)).open()).namespace('n')
    const a = await namespace.invalidate(['a'])
    const b = await namespace.invalidate(['b'])
    t.strictSame(await Promise.all([namespace.barrier(['a']), namespace.barrier(['b']), namespace.barrier(['b', 'a'])]), [a, b, b])
    t.ok(await namespace.barrier(['c']) < a)
  })

  t.test('odd tags', async (t) => {
    const namespace = (await (await makePlace(t)).open()).namespace('n')
    const odd = ['{a}', '}{', 'ключ', '🔑', ' ', ' a', "'", '*', '\u0001key', '-inf', '(1', 'clock', 'floor', 'n', 'x'.repeat(8192)]
    const before = await namespace.stamp()
    for (const tag of odd) {
      t.ok(await valid(t, namespace, before, [tag]))
      const stamp = await namespace.invalidate([tag])
      t.equal(await namespace.barrier([tag]), stamp)
    }
    t.ok(await valid(t, namespace, before, ['a']))
  })

  t.test('beyond maxTags the oldest records go, and the floor rises in their place', async (t) => {
    const maxTags = 20
    const namespace = (await (await makePlace(t)).open({ maxTags })).namespace('n')
    const old = await namespace.stamp()
    const issued: Stamp[] = []
    for (let i = 0; i < 10 * maxTags; i++) issued.push(await namespace.invalidate([`tag-${i}`]))
    const floor = await namespace.barrier([])
    t.notOk(await valid(t, namespace, old, []), 'what cannot be judged any more is invalid')
    const kept = issued.filter((stamp) => stamp > floor)
    t.ok(kept.length >= maxTags - 1 && kept.length <= maxTags + 1, `${kept.length} records above the floor`)
    for (const [i, stamp] of issued.entries()) {
      t.ok(await namespace.barrier([`tag-${i}`]) >= stamp, 'no entry becomes valid by it')
    }
    t.ok(await valid(t, namespace, await namespace.stamp(), ['tag-0']), 'what comes is valid')
  })

  t.test('more tags at once than records are kept', async (t) => {
    const place = await makePlace(t)
    const namespace = (await place.open({ maxTags: 5 })).namespace('n')
    await namespace.stamp()
    await place.setClock('n', Date.UTC(2100, 0, 1) * 1000)
    const old = await namespace.stamp()
    const tags = Array.from({ length: 50 }, (_, i) => `tag-${i}`)
    const stamp = await namespace.invalidate(tags)
    for (const tag of tags) t.ok(await namespace.barrier([tag]) >= stamp)
    t.notOk(await valid(t, namespace, old, ['tag-0']))
    t.ok(await namespace.stamp() > stamp, 'the clock is not lost by it')
    t.ok(await valid(t, namespace, await namespace.stamp(), tags))
  })
}

function sharing (t: Test, makePlace: (t: Test) => Promise<StorePlace>) {
  const two = async (t: Test) => {
    const place = await makePlace(t)
    return { place, a: (await place.open()).namespace('n'), b: (await place.open()).namespace('n') }
  }

  t.test('two handles see each other\'s entries', async (t) => {
    const { a, b } = await two(t)
    await a.set('key', 1, frameOf(1, 'a'), TTL)
    t.strictSame(await b.get(['key']), [frameOf(1, 'a')])
    await b.delete('key')
    t.strictSame(await a.get(['key']), [undefined])
  })

  t.test('their stamps interleave', async (t) => {
    const { a, b } = await two(t)
    const issued: Stamp[] = []
    for (let i = 0; i < MANY; i++) issued.push(await (i % 2 === 0 ? a : b).stamp())
    t.ok(ascending(issued))
  })

  t.test('an invalidation by one is judged by the other at its very next read', async (t) => {
    const { a, b } = await two(t)
    for (let i = 0; i < MANY; i++) {
      const [by, other] = i % 2 === 0 ? [a, b] : [b, a]
      const stamp = await other.stamp()
      t.ok(await valid(t, other, stamp, ['tag']))
      await by.invalidate(['tag'])
      if (await valid(t, other, stamp, ['tag'])) t.fail(`invalidation ${i} was not seen`)
    }
    const stamp = await b.stamp()
    await a.clear()
    t.notOk(await valid(t, b, stamp, []))
  })

  t.test('two namespace objects of one handle judge alike', async (t) => {
    const store = await (await makePlace(t)).open()
    const [a, b] = [store.namespace('n'), store.namespace('n')]
    const stamp = await b.stamp()
    t.ok(await valid(t, b, stamp, ['tag']))
    await a.invalidate(['tag'])
    t.notOk(await valid(t, b, stamp, ['tag']))
    const later = await b.stamp()
    await a.clear()
    t.notOk(await valid(t, b, later, []))
  })

  t.test('beyond maxTags of the other the floor rises here too', async (t) => {
    const place = await makePlace(t)
    const a = (await place.open({ maxTags: 5 })).namespace('n')
    const b = (await place.open({ maxTags: 5 })).namespace('n')
    const old = await b.stamp()
    t.ok(await valid(t, b, old, ['tag-0']))
    for (let i = 0; i < 20; i++) await a.invalidate([`tag-${i}`])
    t.notOk(await valid(t, b, old, ['tag-0']))
    t.notOk(await valid(t, b, old, []))
    t.equal(await b.barrier(['tag-19']), await a.barrier(['tag-19']))
  })

  t.test('when the records are lost the floor becomes now', async (t) => {
    const { place, a, b } = await two(t)
    const old = await a.invalidate(['tag'])
    const between = await a.stamp()
    t.ok(await asked(a, between, ['tag']))
    t.ok(await asked(b, between, ['other']))
    await place.loseRecords?.('n')
    t.notOk(await asked(b, between, ['other']), 'nothing older is valid')
    t.notOk(await asked(a, between, ['tag']))
    const fresh = await a.stamp()
    t.ok(fresh > between && fresh > old)
    t.ok(await valid(t, b, fresh, ['tag']))
    await b.invalidate(['tag'])
    t.notOk(await valid(t, a, fresh, ['tag']))
  })

  t.test('the records are lost between a fill\'s stamp and its store', async (t) => {
    const { place, a, b } = await two(t)
    const stamp = await a.stamp()
    await b.invalidate(['tag'])
    await place.loseRecords?.('n')
    await a.set('key', stamp, frameOf(stamp, 'old', ['tag']), TTL)
    t.notOk(await asked(a, stamp, ['tag']))
    t.notOk(await asked(b, stamp, ['tag']))
  })

  t.test('a second process sees entries and invalidations at once, both ways', async (t) => {
    const place = await makePlace(t)
    if (place.process === undefined) throw new Error('a shared store needs a place for a second process')
    const here = (await place.open()).namespace('n')
    const there = await startInstance(t, place.process, 'n')
    const issued: Stamp[] = []
    for (let i = 0; i < 50; i++) issued.push(await here.stamp(), await there.call('stamp', undefined))
    t.ok(ascending(issued), 'stamps interleave')

    await there.call('set', { key: 'key', value: 'theirs', tags: ['tag'] })
    const [frame] = await here.get(['key'])
    t.ok(frame?.includes('theirs'))
    t.equal(await there.call('get', 'key'), 'theirs')
    for (let i = 0; i < 50; i++) {
      await there.call('set', { key: 'key', value: `value-${i}`, tags: ['tag'] })
      const stamp = await here.invalidate(['tag'])
      if (await there.call('get', 'key') !== null) t.fail('a stale read after the invalidation here')
      await there.call('invalidate', ['tag'])
      if (await valid(t, here, stamp + 1, ['tag'])) t.fail('the invalidation there was not seen here')
    }
    await there.call('set', { key: 'key', value: 'last', tags: [] })
    await here.clear()
    t.equal(await there.call('get', 'key'), null)
  })
}

function reopening (t: Test, makePlace: (t: Test) => Promise<StorePlace>) {
  t.test('entries, records and the clock outlive the handle', async (t) => {
    const place = await makePlace(t)
    const first = await place.open()
    const before = first.namespace('n')
    const old = await before.stamp()
    const invalidated = await before.invalidate(['tag'])
    const stamp = await before.stamp()
    await before.set('key', stamp, frameOf(stamp, 'body'), TTL)
    await first.close()

    const after = (await place.open()).namespace('n')
    t.strictSame(await after.get(['key']), [frameOf(stamp, 'body')])
    t.ok(await valid(t, after, stamp, ['tag']))
    t.notOk(await valid(t, after, old, ['tag']))
    t.equal(await after.barrier(['tag']), invalidated)
    t.ok(await after.stamp() > stamp)
  })
}

/** Rule V by the store's records alone. What an instance has heard itself it may go on relying on when they are lost. */
const asked = async (namespace: StoreNamespace, stamp: Stamp, tags: readonly string[]) => stamp > await namespace.barrier(tags)

/** Rule V as a cache asks for it; both ways of asking must agree. */
async function valid (t: Test, namespace: StoreNamespace, stamp: Stamp, tags: readonly string[]): Promise<boolean> {
  const local = namespace.judge(stamp, tags)
  const answer = await asked(namespace, stamp, tags)
  if (local !== undefined && local !== answer) t.fail(`judge says ${local}, barrier says ${answer}`)
  return local ?? answer
}

const ascending = (stamps: readonly Stamp[]) => stamps.every((stamp, i) => i === 0 || stamp > (stamps[i - 1] ?? Infinity))
