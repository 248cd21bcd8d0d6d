import t from 'tap'
import { type Tick } from '../api.js'
import { flowOf, flowText } from '../fleet.js'

const rest: Tick = {
  at: 0,
  connected: true,
  requests: 0,
  outcomes: {},
  requestsPerSecond: 0,
  hitRatio: null,
  shared: 0,
  savedMs: 0,
  latency: {},
  limited: 0,
  redis: null,
  instances: []
}
const instance = (
  service: string,
  number: number,
  alive: boolean,
  outcomes: Tick['outcomes'] = {}
) => ({
  service,
  instance: `${service}-${number}`,
  alive,
  outcomes,
  requests: Object.values(outcomes).reduce((sum, times) => sum + times, 0)
})

t.test('requests go to memory, store and origin, as rates', async (t) => {
  const outcomes = { l1: 10, l2: 4, miss: 2, bypass: 1, coalesced: 2, limited: 1, refill: 1 }
  const flow = flowOf({ ...rest, requests: 20, requestsPerSecond: 10, outcomes })
  t.match(flow, { requests: 10, memory: 6.5, store: 2, origin: 2, storeName: 'SQLite' })
  t.equal(
    flowOf({
      ...rest,
      redis: { connected: true, usedMemoryBytes: 1, evictedKeys: 0, opsPerSecond: 0 }
    }).storeName,
    'Redis'
  )
})

t.test('a refill alone reaches the origin without a request', async (t) => {
  t.match(flowOf({ ...rest, outcomes: { refill: 2 } }), { requests: 0, origin: 2 })
})

t.test('instances are grouped by service and show their most frequent outcome', async (t) => {
  const instances = [
    instance('weather', 1, false),
    instance('catalog', 10, true, { miss: 1, l2: 3 }),
    instance('catalog', 2, true, { miss: 1, l1: 1 })
  ]
  const flow = flowOf({ ...rest, instances })
  t.match(flow.services, [
    {
      name: 'catalog',
      instances: [
        { name: 'catalog-2', outcome: 'l1' },
        { name: 'catalog-10', outcome: 'l2', requests: 4 }
      ]
    },
    { name: 'weather', instances: [{ name: 'weather-1', isUp: false, outcome: undefined }] }
  ])
  t.equal(flowText(flow), 'No requests in the last second. 2 of 3 instances are up.')
  t.equal(
    flowText({ ...flow, requests: 12, memory: 9, store: 2, origin: 1 }),
    'Last second: 12 requests/s. 9/s answered from the memory of an instance, 2/s from the shared store, 1/s computed by the origin. 2 of 3 instances are up.'
  )
})
