import t from 'tap'
import { checkModel } from './check-model.js'

const BY_ARRIVAL = {
  foundBy: ['two writes'],
  // The other assertion is also violated, and would end the search first.
  macros: ['BY_ARRIVAL'],
  violates: /^gotVersion\[i\]>=floor\[i\]$/
} as const

checkModel(t, {
  name: 'stale-if-error',
  searches: {
    'two readers and a revalidation': ['READERS=2', 'WRITES=1', 'BACKGROUND'],
    'three readers': ['READERS=3', 'WRITES=1'],
    'two writes': ['READERS=2', 'WRITES=2']
  },
  mutants: {
    STALE_UNJUDGED: { rule: 'a waiter does not judge the stale value', ...BY_ARRIVAL },
    STALE_AS_VALUE: {
      rule: 'a waiter that arrived before the flight computed does not judge it', ...BY_ARRIVAL
    },
    JUDGED_BY_FLIGHT: { rule: 'the flight judges it for all that wait', ...BY_ARRIVAL },
    VALUE_UNJUDGED: { rule: 'a late waiter does not judge the value', ...BY_ARRIVAL },
    LATE_START: {
      rule: 'a reader that arrives while the database is read counts as early', ...BY_ARRIVAL
    },
    LEADER_UNJUDGED: {
      rule: 'the leader serves the stale value as judged before its fill',
      foundBy: ['two writes'],
      violates: /^gotVersion\[i\]>=failFloor\[i\]$/
    }
  }
})
