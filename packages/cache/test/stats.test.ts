import t from 'tap'
import { createCache } from '../src/index.js'
import { memoryStore } from '../src/stores/memory.js'
import { gatedFn } from './gate.js'
import { stopDate } from './clock.js'

t.test('outcomes are counted on this instance', async (t) => {
  const date = stopDate(t)
  const store = memoryStore()
  const [a, b] = [
    createCache<string>({ store, namespace: 'n' }),
    createCache<string>({ store, namespace: 'n' })
  ]
  const nothing = {
    hits: { l1: 0, l2: 0, coalesced: 0 },
    stale: 0,
    misses: 0,
    savedMicros: 0,
    stores: 0,
    discarded: 0,
    invalidations: 0,
    errors: 0,
    l1: { entries: 0, bytes: 0, evictions: 0 },
    flights: 0
  }
  t.strictSame(a.stats(), nothing)

  const options = { ttl: '1m', staleWhileRevalidate: '1m', tags: ['tag'] } as const
  const slow = gatedFn<string>()
  const callers = [1, 2, 3].map(() => a.remember('key', options, slow.fn))
  await slow.started
  t.equal(a.stats().flights, 1)
  slow.end('value')
  await Promise.all(callers)
  await a.get('key')
  await a.get('none')
  const { l1: { bytes }, ...counts } = a.stats()
  t.match(counts, { hits: { l1: 1, l2: 0, coalesced: 2 }, misses: 2, stores: 1, flights: 0 })
  const cost = (await a.inspect('key')).memory?.entry.cost ?? 0
  t.ok(cost > 0)
  t.equal(counts.savedMicros, 3 * cost, 'of each hit')
  t.ok(bytes > 60 && bytes < 1024, `${bytes} bytes`)

  await b.get('key')
  await b.get('key')
  date.advance(60_000)
  t.ok(b.lookup('key')?.stale)
  await b.invalidate(['tag'])
  t.equal(await b.find('key'), undefined)
  t.match(b.stats(), {
    hits: { l1: 2, l2: 1 },
    stale: 1,
    discarded: 2,
    invalidations: 1,
    l1: { entries: 0, bytes: 0 }
  })
  t.equal(a.stats().invalidations, 0)
  t.strictSame(createCache({ store, namespace: 'n', l1: false }).stats(), nothing)
})
