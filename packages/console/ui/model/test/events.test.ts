import t from 'tap'
import { type FleetEvent } from '../api.js'
import { EVENT_KINDS, filterIn, isShown, kindOf, merged } from '../events.js'

const event = (id: number, at: number, more: Partial<FleetEvent> = {}): FleetEvent => ({
  id,
  at,
  kind: 'started',
  service: 'catalog',
  instance: 'catalog-1',
  namespace: null,
  tags: [],
  about: null,
  ...more
})

t.test('filters in the address', async (t) => {
  const filter = filterIn(new URLSearchParams('kind=killed&service=+&tag=a&range=1h'))
  t.strictSame(filter, { kind: 'killed', tag: 'a' })
  t.strictSame(filterIn(new URLSearchParams('kind=other')), {})
  t.equal(kindOf('redis-lost')?.label, 'Redis lost')
  t.equal(new Set(EVENT_KINDS.map(({ kind }) => kind)).size, 9)
})

t.test('live events that belong to what is shown', async (t) => {
  t.ok(isShown(event(1, 0), {}))
  t.ok(isShown(event(1, 0, { tags: ['a', 'b'] }), { tag: 'b', service: 'catalog' }))
  t.notOk(isShown(event(1, 0), { tag: 'b' }))
  t.notOk(isShown(event(1, 0), { kind: 'killed' }))
  t.notOk(isShown(event(1, 0), { instance: 'catalog-2' }))
  t.notOk(isShown(event(1, 0), { service: 'weather' }))
})

t.test('pages and live events are one list, newest first', async (t) => {
  const lists = [[event(3, 30), event(1, 10)], [event(4, 10), event(3, 30)]] as const
  t.strictSame(merged(...lists).map(({ id }) => id), [3, 4, 1])
})
