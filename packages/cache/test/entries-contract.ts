import { randomBytes } from 'node:crypto'
import type { Test } from 'tap'
import { stopDate } from './clock.js'
import { frameOf } from './frames.js'
import { valid } from './judging.js'
import type { MakePlace } from './store-place.js'

const TTL = 60_000

/** The part of the contract about frames by key. */
export function entries (t: Test, makePlace: MakePlace) {
  t.test('a frame exists until it is deleted', async (t) => {
    const namespace = (await (await makePlace(t)).open()).namespace('n')
    const frame = frameOf(await namespace.validity.stamp(), 'body')
    t.strictSame(await namespace.entries.get(['a']), [undefined])
    await namespace.entries.set('a', frame, TTL)
    t.strictSame(await namespace.entries.get(['a']), [frame])
    await namespace.entries.delete('a')
    t.strictSame(await namespace.entries.get(['a']), [undefined])
    await namespace.entries.delete('a')
  })

  t.test('many keys are answered in order, including none and duplicates', async (t) => {
    const namespace = (await (await makePlace(t)).open()).namespace('n')
    const [a, b] = [frameOf(1, 'a'), frameOf(1, 'b')]
    await namespace.entries.set('a', a, TTL)
    await namespace.entries.set('b', b, TTL)
    t.strictSame(await namespace.entries.get(['b', 'none', 'a', 'b']), [b, undefined, a, b])
    t.strictSame(await namespace.entries.get([]), [])
  })

  t.test('a frame expires after its ttl', async (t) => {
    const place = await makePlace(t)
    const namespace = (await place.open()).namespace('n')
    if (place.remaining !== undefined) {
      await namespace.entries.set('a', frameOf(1, ''), 5000.4)
      const remaining = await place.remaining('n', 'a')
      t.ok(remaining > 0 && remaining <= 5001, `${remaining} ms`)
      await namespace.entries.set('a', frameOf(2, ''), TTL)
      t.ok(await place.remaining('n', 'a') > 5001, 'and takes over the ttl of its replacement')
      return
    }
    const date = stopDate(t)
    await namespace.entries.set('a', frameOf(1, ''), 5000)
    date.advance(4999)
    t.strictSame(await namespace.entries.get(['a']), [frameOf(1, '')])
    date.advance(1)
    t.strictSame(await namespace.entries.get(['a']), [undefined])
  })

  t.test('a lower stamp never replaces a higher one', async (t) => {
    const namespace = (await (await makePlace(t)).open()).namespace('n')
    const [low, high, same] = [
      frameOf(1_700_000_000_000_000, 'low'),
      frameOf(1_700_000_000_000_001, 'high'),
      frameOf(1_700_000_000_000_001, 'same')
    ]
    await namespace.entries.set('a', low, TTL)
    await namespace.entries.set('a', high, TTL)
    t.strictSame(await namespace.entries.get(['a']), [high])
    await namespace.entries.set('a', low, TTL)
    t.strictSame(await namespace.entries.get(['a']), [high])
    await namespace.entries.set('a', same, TTL)
    t.strictSame(await namespace.entries.get(['a']), [same])
    await namespace.entries.delete('a')
    await namespace.entries.set('a', low, TTL)
    t.strictSame(
      await namespace.entries.get(['a']),
      [low],
      'deleting a frame forgets its stamp'
    )
  })

  t.test('every byte is preserved, from an empty body up to 1 MiB', async (t) => {
    const namespace = (await (await makePlace(t)).open()).namespace('n')
    const bodies = [
      Buffer.alloc(0),
      Buffer.from(Array.from({ length: 256 }, (_, i) => i)),
      randomBytes(1024 * 1024)
    ]
    for (const [i, body] of bodies.entries()) {
      await namespace.entries.set(`key-${i}`, frameOf(1, body), TTL)
      const [frame] = await namespace.entries.get([`key-${i}`])
      t.ok(frame?.equals(frameOf(1, body)), `${body.length} bytes`)
    }
  })

  t.test('unusual keys name one entry each', async (t) => {
    const namespace = (await (await makePlace(t)).open()).namespace('n')
    const odd = [
      '{a}',
      '{a',
      'a}',
      '{}',
      'ключ',
      '鍵',
      '🔑',
      ' ',
      ' a',
      'a ',
      'a\nb',
      'a\u0000',
      'a\u0000b',
      '*',
      '%',
      "'",
      'n:e:a',
      'x'.repeat(65536)
    ]
    for (const key of odd) await namespace.entries.set(key, frameOf(1, key), TTL)
    t.strictSame(await namespace.entries.get(odd), odd.map((key) => frameOf(1, key)))
  })

  t.test('namespaces are separate', async (t) => {
    const store = await (await makePlace(t)).open()
    const [a, b] = [store.namespace('a'), store.namespace('b')]
    const stamp = Math.max(await a.validity.stamp(), await b.validity.stamp())
    await a.entries.set('key', frameOf(stamp, 'a'), TTL)
    t.strictSame(await b.entries.get(['key']), [undefined])
    await b.entries.set('key', frameOf(stamp, 'b'), TTL)
    await b.validity.invalidate(['tag'])
    t.ok(await valid(a, stamp, ['tag']))
    await b.validity.clear()
    t.strictSame(await a.entries.get(['key']), [frameOf(stamp, 'a')])
    t.ok(await valid(a, stamp, ['tag']))
    t.notOk(await valid(b, stamp, []))
  })
}
