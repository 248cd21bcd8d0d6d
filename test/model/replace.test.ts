import t from 'tap'
import { checkModel } from './check-model.js'

const GOES_BACK = {
  foundBy: ['reads never go back: one instance'],
  violates: /^entryVersion\[id\]>=(returned|began)$/
} as const
const STALE = {
  foundBy: ['no stale read: a refill and a set'],
  violates: /^entryVersion\[id\]>=(acked|began)$/
} as const

checkModel(t, {
  name: 'replace',
  searches: {
    'reads never go back: two instances': ['FILLS=3', 'CHANGES=1', 'LOSSES'],
    'reads never go back: one instance': ['FILLS=3', 'CHANGES=2', 'INSTANCES=1', 'LOSSES'],
    'no stale read: a refill and a set': [
      'FILLS=3', 'WRITES=1', 'SETS=1', 'INSTANCES=1', 'LOSSES'
    ],
    'no stale read: two refills at a time': [
      'FILLS=3', 'WRITES=1', 'FILLERS=2', 'INSTANCES=1', 'LOSSES'
    ]
  },
  mutants: {
    STORED_OVER: { rule: 'the new entry is stored without a replacement', ...GOES_BACK },
    NO_LEASE_WAIT: { rule: 'a replacement does not wait for leases', ...GOES_BACK },
    STORED_BEFORE_WAIT: { rule: 'the new entry is stored before the wait', ...GOES_BACK },
    FORGOTTEN: {
      rule: 'the record is dropped while the old entry may be in some memory', ...GOES_BACK
    },
    UNTIL_OF_LAST: {
      rule: 'the record ends with the entry replaced last, not with the last of all', ...GOES_BACK
    },
    INVALIDATIONS_ONLY: {
      rule: 'a new connection reads the records of invalidations only', ...GOES_BACK
    },
    END_LOOKED_AT_FIRST: {
      rule: 'a read looks at the end of an entry only before it is judged', ...GOES_BACK
    },
    SHARED_RECORD: {
      rule: 'a replacement overwrites the record of an invalidation of the key', ...STALE
    },
    UNCHECKED: { rule: 'a replacement is not refused after an invalidation', ...STALE },
    SET_LATE_STAMP: { rule: 'set() takes its stamp when it is executed', ...STALE }
  }
})
