import t from 'tap'
import { Lease } from '../src/lease.js'
import { DIVIDED, interleavings, type Rules, run, type Step } from './model.js'

t.test(
  'no read that begins after an acknowledgement is trusted before the invalidation is delivered',
  async (t) => {
    const seen = { runs: 0, delivered: 0, queued: 0, settled: 0, trusted: 0 }
    for (const steps of interleavings()) {
      const { outcome, trusted, stale } = await run(steps, {})
      if (stale !== undefined) t.fail(`stale after ${stale}: ${steps.join(' ')}`)
      seen.runs++
      if (outcome !== undefined) seen[outcome]++
      if (trusted) seen.trusted++
    }
    // 11! / (1! 6! 1! 3!) orders. The other numbers show that the property was tested.
    t.equal(seen.runs, 9240)
    t.ok(seen.delivered > 100 && seen.queued > 100 && seen.trusted > 100, JSON.stringify(seen))
  }
)

for (const by of ['settle', 'second settle'] as const) {
  t.test(
    `nor a read that begins after a reader of the new data has settled (${by})`,
    async (t) => {
      const seen = { settled: 0, trusted: 0 }
      for (const steps of interleavings()) {
        const { outcome, trusted, stale } = await run(steps, { by })
        if (stale !== undefined) t.fail(`stale after ${stale}: ${steps.join(' ')}`)
        if (outcome === 'settled') seen.settled++
        if (trusted) seen.trusted++
      }
      t.ok(seen.settled > 100 && seen.trusted > 100, JSON.stringify(seen))
    }
  )
}

t.test('nor while instances divide the rows, and die with those they claimed', async (t) => {
  const seen = { delivered: 0, queued: 0, trusted: 0 }
  for (const sequences of DIVIDED) {
    for (const steps of interleavings(sequences)) {
      const { outcome, trusted, stale } = await run(steps, { reaches: true })
      if (stale !== undefined) t.fail(`stale after ${stale}: ${steps.join(' ')}`)
      if (outcome === 'delivered' || outcome === 'queued') seen[outcome]++
      if (trusted) seen.trusted++
    }
  }
  t.ok(seen.delivered > 100 && seen.queued > 100 && seen.trusted > 100, JSON.stringify(seen))
})

/** Each breaks one rule, and must be detected. */
const broken: Record<string, Rules> = {
  'the lease counts from the answer, not from the query': {
    makeLease: () =>
      new (class extends Lease {
        override renew () {
          super.renew(performance.now())
        }
      })(1000)
  },
  'the writer does not wait for the leases to end': { writersLease: 100 },
  'a row counts as delivered although the store rejected it': {
    relayed: (invalidate) => invalidate().catch(() => {})
  },
  'rows are left to their writer': { taken: () => [] },
  'settling does not wait for the leases to end': { writersLease: 100, by: 'settle' },
  'rows are released before a lease has passed': { by: 'second settle', releasesEarly: true },
  'the lease is longer than writers believe': { makeLease: () => new Lease(1500) }
}

t.test('found out: rows claimed by others count as delivered', async (t) => {
  const isFound = async () => {
    for (const steps of DIVIDED.flatMap((sequences) => [...interleavings(sequences)])) {
      if ((await run(steps, { reaches: true, trustsClaims: true })).stale !== undefined) return true
    }
    return false
  }
  t.ok(await isFound())
})

for (const [rule, rules] of Object.entries(broken)) {
  t.test(`found out: ${rule}`, async (t) => {
    let found: readonly Step[] | undefined
    for (const steps of interleavings()) {
      if ((await run(steps, rules)).stale === undefined) continue
      found = steps
      break
    }
    t.ok(found, JSON.stringify(found))
  })
}
