import t from 'tap'
import { checkModel } from './check-model.js'

const violates = /^\w+Version(\[i\])?>=acked$/
const NETWORK = [
  'two instances, one connection lost once',
  'three writes, a longer lease, any number of lost connections'
] as const

checkModel(t, {
  name: 'coherence',
  searches: {
    'two instances, one connection lost once': ['INSTANCES=2', 'WRITES=1', 'LEASE=1', 'LOSSES=1'],
    'three writes, a longer lease, any number of lost connections': [
      'INSTANCES=1', 'WRITES=3', 'LEASE=2'
    ],
    'a file: two instances': ['FILE', 'INSTANCES=2', 'WRITES=1', 'LEASE=1'],
    'a file: three writes, a longer lease': ['FILE', 'INSTANCES=1', 'WRITES=3', 'LEASE=2']
  },
  mutants: {
    NO_STAMP: { rule: 'an entry is valid whatever its stamp', violates },
    LATE_STAMP: { rule: 'a fill takes its stamp after it read the database', violates },
    NO_LEASE: { rule: 'memory is used without a lease', violates },
    LEASE_FROM_PONG: {
      rule: 'a lease begins when the PONG comes or the look is over, not when it began', violates
    },
    NO_COMMIT_WAIT: {
      rule: 'a write is acknowledged as soon as its invalidation is in the store', violates
    },
    SHORT_COMMIT_WAIT: { rule: 'a write waits as long as a lease lasts, not longer', violates },
    KEPT_TABLE: {
      rule: 'the table of a lost connection counts after it', foundBy: NETWORK, violates
    },
    EARLY_RECORDS: {
      rule: 'the records for a new connection are read before it is there',
      foundBy: NETWORK,
      violates
    },
    LATE_ANSWER: {
      rule: 'the records read for one connection are taken for the next',
      // Needs a second loss while the answer to the first is in flight.
      foundBy: ['three writes, a longer lease, any number of lost connections'],
      violates
    }
  }
})
