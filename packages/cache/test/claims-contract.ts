import type { Test } from 'tap'
import type { Claim, FillLease, StoreNamespace } from '../src/index.js'
import { frameOf } from './frames.js'
import { startInstance } from './instance-process.js'
import { hearing, valid } from './judging.js'
import type { MakePlace } from './store-place.js'

const TTL = 60_000

const granted = (claim: Claim): FillLease => {
  if (claim.kind === 'granted') return claim.lease
  throw new Error(`${claim.kind}, not granted`)
}
const held = (claim: Claim) => {
  if (claim.kind === 'held') return claim.ended
  throw new Error(`${claim.kind}, not held`)
}

/** The part of the contract about fill leases. */
export function claims (t: Test, makePlace: MakePlace): void {
  const one = async (t: Test) => (await (await makePlace(t)).open()).namespace('n')

  t.test('a claim returns an existing frame, and grants the lease for a missing one', async (t) => {
    const namespace = await one(t)
    const lease = granted(await namespace.entries.claim('key'))
    const frame = frameOf(lease.stamp, 'body')
    await lease.store(frame, TTL)
    t.strictSame(await namespace.entries.claim('key'), { kind: 'found', frame })
    t.strictSame(await namespace.entries.claim('key', { stamp: lease.stamp - 1, storedAt: 1 }), {
      kind: 'found',
      frame
    })
    t.strictSame(
      await namespace.entries.claim('key', { stamp: lease.stamp, storedAt: 2 }),
      { kind: 'found', frame },
      'another with the same stamp'
    )
    const next = granted(await namespace.entries.claim('key', { stamp: lease.stamp, storedAt: 1 }))
    t.strictSame(await namespace.entries.get(['key']), [frame], 'a reader that can use it still finds it')
    await next.store(frameOf(next.stamp, 'next'), TTL)
    t.strictSame(await namespace.entries.get(['key']), [frameOf(next.stamp, 'next')])
  })

  t.test(
    "a fill's stamp is above every earlier invalidation's and below every later one's",
    async (t) => {
      const namespace = await one(t)
      for (let i = 0; i < 20; i++) {
        const before = await namespace.validity.invalidate(['tag'])
        const lease = granted(await namespace.entries.claim(`key-${i}`))
        t.ok(lease.stamp > before)
        t.ok(lease.stamp < (await namespace.validity.invalidate(['tag'])))
        lease.end('done')
      }
      await namespace.validity.clear()
      const { stamp } = granted(await namespace.entries.claim('key'))
      t.ok(await valid(namespace, stamp, ['tag']))
    }
  )

  t.test(
    'a lease ends once, and a frame with a lower stamp does not replace a later one',
    async (t) => {
      const namespace = await one(t)
      const lease = granted(await namespace.entries.claim('key'))
      const later = await namespace.validity.stamp()
      await namespace.entries.set('key', frameOf(later, 'later'), TTL)
      await lease.store(frameOf(lease.stamp, 'earlier'), TTL)
      t.strictSame(await namespace.entries.get(['key']), [frameOf(later, 'later')])
      lease.end('failed')
      lease.end('done')
      const next = granted(await namespace.entries.claim('key', { stamp: later, storedAt: 1 }))
      t.ok(next.stamp >= later, 'a replacement has no lower stamp')
      next.end('unshared')
    }
  )
}

/** The part for stores that processes share. */
export function sharedClaims (t: Test, makePlace: MakePlace): void {
  const two = async (t: Test): Promise<[StoreNamespace, StoreNamespace]> => {
    const place = await makePlace(t)
    return [
      await hearing((await place.open()).namespace('n')),
      await hearing((await place.open()).namespace('n'))
    ]
  }

  t.test('one of two claimers gets the lease, and the other is notified when the value is stored', async (t) => {
    const [a, b] = await two(t)
    const lease = granted(await a.entries.claim('key'))
    const ended = held(await b.entries.claim('key'))
    const again = held(await b.entries.claim('key'))
    granted(await b.entries.claim('another')).end('done')
    const frame = frameOf(lease.stamp, 'body')
    await lease.store(frame, TTL)
    t.strictSame(await Promise.all([ended, again]), ['done', 'done'])
    t.strictSame(await b.entries.claim('key'), { kind: 'found', frame })
  })

  t.test('waiters learn how the fill ended, and the next claimer gets the lease', async (t) => {
    const [a, b] = await two(t)
    for (const how of ['done', 'unshared', 'failed'] as const) {
      // Ending a lease is not awaited, so the previous round's may still exist.
      let claim = await a.entries.claim('key')
      for (; claim.kind === 'held'; claim = await a.entries.claim('key')) {
        t.equal(await claim.ended, 'done')
      }
      const ended = held(await b.entries.claim('key'))
      granted(claim).end(how)
      t.equal(await ended, how)
      granted(await b.entries.claim('key')).end('done')
    }
  })

  t.test('waiters learn the span of the fill, however it ends', async (t) => {
    const [a, b] = await two(t)
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
    const ends = [
      (lease: FillLease) => lease.store(frameOf(lease.stamp, 'body'), TTL),
      async (lease: FillLease) => { lease.end('unshared') }
    ]
    for (const [i, end] of ends.entries()) {
      for (const trace of [{ traceparent }, {}]) {
        const key = `traced ${i} ${Object.keys(trace).length}`
        const lease = granted(await a.entries.claim(key))
        lease.setTrace?.(trace)
        const claim = await b.entries.claim(key)
        const ended = held(claim)
        await end(lease)
        t.not(await ended, 'unknown')
        t.equal(claim.kind === 'held' && claim.traceparent?.(), trace.traceparent, key)
      }
    }
  })

  t.test('unusual keys are claimed independently', async (t) => {
    const [a, b] = await two(t)
    const odd = [
      '{a}',
      '{a',
      'a}',
      '}',
      '{}',
      '{}a',
      ' ',
      'a b',
      'a\nb',
      'a\u0000b',
      'a!',
      'x'.repeat(8192)
    ]
    const leases = []
    for (const key of odd) leases.push(granted(await a.entries.claim(key)))
    const ends = []
    for (const key of odd) ends.push(held(await b.entries.claim(key)))
    leases.forEach((lease) => { lease.end('done') })
    t.strictSame(await Promise.all(ends), odd.map(() => 'done'))
  })

  t.test('of 100 concurrent claims, one gets the lease', async (t) => {
    const [a, b] = await two(t)
    const claims = await Promise.all(
      Array.from({ length: 100 }, (_, i) => (i % 2 === 0 ? a : b).entries.claim('key'))
    )
    const leases = claims.filter((claim) => claim.kind === 'granted')
    t.equal(leases.length, 1)
    leases.forEach((claim) => { granted(claim).end('failed') })
    const ends = await Promise.all(claims.filter((claim) => claim.kind === 'held').map(held))
    t.strictSame(ends, Array(99).fill('failed'))
  })

  t.test(
    'what a fill waits for is visible to all, in any namespace, until it changes or the fill ends',
    async (t) => {
      const place = await makePlace(t)
      const [here, there] = [await place.open(), await place.open()]
      const [a, b] = [await hearing(here.namespace('n')), await hearing(there.namespace('other'))]
      await hearing(there.namespace('n'))
      for (const key of ['key', 'a\nb', 'a\u0000b', '}{ "', 'ä😀', 'x'.repeat(8192)]) {
        const lease = granted(await a.entries.claim(key))
        const claim = await there.namespace('n').entries.claim(key)
        if (claim.kind !== 'held' || claim.fill === undefined || lease.setWaits === undefined) {
          throw new Error('held, by a fill')
        }
        const ended = claim.ended
        t.equal(claim.fill, lease.id)
        t.strictSame(await b.entries.waitsOf?.(claim.fill), [])
        await lease.setWaits([claim.fill, 'another'])
        t.strictSame(await b.entries.waitsOf?.(claim.fill), [claim.fill, 'another'])
        held(await there.namespace('n').entries.claim(key))
        await lease.setWaits([])
        t.strictSame(await b.entries.waitsOf?.(claim.fill), [])
        await lease.setWaits(['another'])
        await lease.store(frameOf(lease.stamp, 'body'), TTL)
        t.equal(await ended, 'done')
        await lease.setWaits(['too late'])
        t.strictSame(await b.entries.waitsOf?.(claim.fill), [], 'it has ended')
      }
      for (const odd of [
        '',
        ' ',
        'none',
        'a b',
        '[]',
        '{}',
        '["n","key"]',
        'token elsewhere:n:{=key}'
      ]) {
        t.strictSame(await b.entries.waitsOf?.(odd), [], 'not a fill of this store')
      }
    }
  )

  t.test('the lease of a killed process expires, and another process gets it', async (t) => {
    const place = await makePlace(t)
    if (place.process === undefined) {
      throw new Error('a shared store needs a place for a second process')
    }
    const here = await hearing((await place.open()).namespace('n'))
    const there = await startInstance(t, place.process, 'n')
    const filling = there.said()
    await there.call('fillForever', 'key')
    await filling
    let claim = await here.entries.claim('key')
    t.equal(claim.kind, 'held')
    await there.kill()
    for (; claim.kind === 'held'; claim = await here.entries.claim('key')) {
      t.equal(await claim.ended, 'unknown')
    }
    granted(claim).end('done')
  })
}
