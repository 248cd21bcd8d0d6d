import type { Test } from 'tap'
import type { Stamp } from '../src/index.js'
import { frameOf } from './frames.js'
import { startInstance } from './instance-process.js'
import { endsAt, valid } from './judging.js'
import { ascending } from './ascending.js'
import type { MakePlace, StorePlace } from './store-place.js'

const TTL = 60_000
const MANY = 200
const FAR = Date.UTC(2100, 0, 1)

/**
 * Applies Rule V using only the store's records: an instance may still rely on received messages
 * when they are lost.
 */
const asked = async (place: StorePlace, stamp: Stamp, tags: readonly string[], key?: string) =>
  valid((await place.open()).namespace('n'), stamp, tags, key)

/** The part of the contract for stores that processes share. */
export function sharing (t: Test, makePlace: MakePlace) {
  const two = async (t: Test) => {
    const place = await makePlace(t)
    return { place, a: (await place.open()).namespace('n'), b: (await place.open()).namespace('n') }
  }

  t.test('two handles see each other\'s entries', async (t) => {
    const { a, b } = await two(t)
    await a.entries.set('key', frameOf(1, 'a'), TTL)
    t.strictSame(await b.entries.get(['key']), [frameOf(1, 'a')])
    await b.entries.delete('key')
    t.strictSame(await a.entries.get(['key']), [undefined])
  })

  t.test('their stamps interleave', async (t) => {
    const { a, b } = await two(t)
    const issued: Stamp[] = []
    for (let i = 0; i < MANY; i++) issued.push(await (i % 2 === 0 ? a : b).validity.stamp())
    t.ok(ascending(issued))
  })

  t.test('the other handle applies an invalidation at its very next read', async (t) => {
    const { a, b } = await two(t)
    for (let i = 0; i < MANY; i++) {
      const [by, other] = i % 2 === 0 ? [a, b] : [b, a]
      const stamp = await other.validity.stamp()
      t.ok(await valid(other, stamp, ['tag']))
      await by.validity.invalidate(['tag'])
      if (await valid(other, stamp, ['tag'])) t.fail(`invalidation ${i} was not seen`)
    }
    const stamp = await b.validity.stamp()
    await a.validity.clear()
    t.notOk(await valid(b, stamp, []))
  })

  t.test('two namespace objects of one handle agree', async (t) => {
    const store = await (await makePlace(t)).open()
    const [a, b] = [store.namespace('n'), store.namespace('n')]
    const stamp = await b.validity.stamp()
    t.ok(await valid(b, stamp, ['tag']))
    await a.validity.invalidate(['tag'])
    t.notOk(await valid(b, stamp, ['tag']))
    const later = await b.validity.stamp()
    await a.validity.clear()
    t.notOk(await valid(b, later, []))
  })

  t.test('pruning by the other beyond maxTags raises the floor here too', async (t) => {
    const place = await makePlace(t)
    const a = (await place.open({ maxTags: 5 })).namespace('n')
    const b = (await place.open({ maxTags: 5 })).namespace('n')
    const old = await b.validity.stamp()
    t.ok(await valid(b, old, ['tag-0']))
    let last: Stamp = 0
    for (let i = 0; i < 20; i++) last = await a.validity.invalidate([`tag-${i}`])
    t.notOk(await valid(b, old, ['tag-0']))
    t.notOk(await valid(b, old, []))
    t.ok(await endsAt(b, ['tag-19'], last))
  })

  t.test('when the records are lost the floor becomes now', async (t) => {
    const { place, a, b } = await two(t)
    const old = await a.validity.invalidate(['tag'])
    const between = await a.validity.stamp()
    t.ok(await asked(place, between, ['tag']))
    t.ok(await asked(place, between, ['other']))
    await place.loseRecords?.('n')
    t.notOk(await asked(place, between, ['other']), 'nothing older is valid')
    t.notOk(await asked(place, between, ['tag']))
    const fresh = await a.validity.stamp()
    t.ok(fresh > between && fresh > old)
    t.ok(await valid(b, fresh, ['tag']))
    await b.validity.invalidate(['tag'])
    t.notOk(await valid(a, fresh, ['tag']))
  })

  t.test('the records are lost between a fill\'s stamp and its store', async (t) => {
    const { place, a, b } = await two(t)
    const stamp = await a.validity.stamp()
    await b.validity.invalidate(['tag'])
    await place.loseRecords?.('n')
    await a.entries.set('key', frameOf(stamp, 'old', ['tag']), TTL)
    t.notOk(await asked(place, stamp, ['tag']))
    t.notOk(await asked(place, stamp, ['tag']))
  })

  t.test('when only replacements are lost the floor becomes now, too', async (t) => {
    const { place, a } = await two(t)
    if (place.loseReplacements === undefined) {
      t.pass('here they are not lost alone')
      return
    }
    const old = await a.validity.stamp()
    await a.validity.replace({ key: 'key', tags: [], stamp: await a.validity.stamp() }, FAR)
    t.notOk(await asked(place, old, [], 'key'))
    await place.loseReplacements('n')
    t.notOk(await asked(place, old, [], 'key'))
    const stamp = await a.validity.stamp()
    t.ok(await asked(place, stamp, [], 'key'), 'once')
    await a.validity.replace({ key: 'key', tags: [], stamp }, FAR)
    const other = await a.validity.stamp()
    await place.loseReplacements('n')
    t.equal(
      await a.validity.replace({ key: 'another key', tags: [], stamp: other }, FAR),
      undefined,
      'a replacement does not hide it'
    )
    t.notOk(await asked(place, stamp, [], 'key'))
  })

  t.test('expired replacements do not count as lost', async (t) => {
    const { place, a } = await two(t)
    const old = await a.validity.stamp()
    await a.validity.replace(
      { key: 'key', tags: [], stamp: await a.validity.stamp() },
      Date.now() - 3_600_000
    )
    await place.loseReplacements?.('n')
    t.ok(await asked(place, old, [], 'another key'))
  })

  t.test('a second process sees entries and invalidations at once, both ways', async (t) => {
    const place = await makePlace(t)
    if (place.process === undefined) {
      throw new Error('a shared store needs a place for a second process')
    }
    const here = (await place.open()).namespace('n')
    const there = await startInstance(t, place.process, 'n')
    const issued: Stamp[] = []
    for (let i = 0; i < 50; i++) {
      issued.push(await here.validity.stamp(), await there.call('stamp', undefined))
    }
    t.ok(ascending(issued), 'stamps interleave')

    await there.call('set', { key: 'key', value: 'theirs', tags: ['tag'] })
    const [frame] = await here.entries.get(['key'])
    t.ok(frame?.includes('theirs'))
    t.equal(await there.call('get', 'key'), 'theirs')
    for (let i = 0; i < 50; i++) {
      await there.call('set', { key: 'key', value: `value-${i}`, tags: ['tag'] })
      const stamp = await here.validity.invalidate(['tag'])
      if ((await there.call('get', 'key')) !== null) {
        t.fail('a stale read after the invalidation here')
      }
      await there.call('invalidate', ['tag'])
      if (await valid(here, stamp + 1, ['tag'])) t.fail('the invalidation there was not seen here')
    }
    await there.call('set', { key: 'key', value: 'last', tags: [] })
    await here.validity.clear()
    t.equal(await there.call('get', 'key'), null)
  })
}

/** The part of the contract for stores whose entries outlive the process. */
export function reopening (t: Test, makePlace: MakePlace) {
  t.test('entries, records and the clock outlive the handle', async (t) => {
    const place = await makePlace(t)
    const first = await place.open()
    const before = first.namespace('n')
    const old = await before.validity.stamp()
    const invalidated = await before.validity.invalidate(['tag'])
    const stamp = await before.validity.stamp()
    await before.entries.set('key', frameOf(stamp, 'body'), TTL)
    await first.close()

    const after = (await place.open()).namespace('n')
    t.strictSame(await after.entries.get(['key']), [frameOf(stamp, 'body')])
    t.ok(await valid(after, stamp, ['tag']))
    t.notOk(await valid(after, old, ['tag']))
    t.ok(await endsAt(after, ['tag'], invalidated))
    t.ok(await after.validity.stamp() > stamp)
  })
}
