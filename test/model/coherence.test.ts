import t from 'tap'
import { verify } from './verify.js'

// Tens of millions of steps, on however slow a machine.
t.setTimeout(600_000)

/** The bounds that the searches have; the model says what they are. */
const SEARCHES = {
  'two instances, one of which may lose its connection once': ['INSTANCES=2', 'WRITES=1', 'LEASE=1', 'LOSSES=1'],
  'three writes, a longer lease, any number of lost connections': ['INSTANCES=1', 'WRITES=3', 'LEASE=2']
} as const

/** Each breaks one rule. */
const MUTANTS = {
  NO_STAMP: 'an entry is valid whatever its stamp',
  LATE_STAMP: 'a fill takes its stamp after it read the database',
  NO_LEASE: 'memory is used without a lease',
  LEASE_FROM_PONG: 'a lease begins when the PONG comes, not when the PING went',
  NO_COMMIT_WAIT: 'a write is acknowledged as soon as its invalidation is in the store',
  SHORT_COMMIT_WAIT: 'a write waits as long as a lease lasts, not longer',
  KEPT_TABLE: 'what was known before a connection was lost counts after it',
  EARLY_RECORDS: 'the records for a new connection are read before it is there',
  LATE_ANSWER: 'the records read for one connection are taken for the next'
} as const

for (const [name, bounds] of Object.entries(SEARCHES)) {
  t.test(`no stale read after ack: ${name}`, async (t) => {
    const { states, seconds, errors, complete, unreached, report } = await verify(t, bounds)
    t.comment(`${states} states in ${seconds} s`)
    t.equal(errors, 0, 'no run violates an assertion or gets stuck', { report })
    t.ok(complete, 'every state was looked at', { report })
    t.strictSame(unreached, [], 'every step of every process is taken in some run')
  })
}

for (const [mutant, rule] of Object.entries(MUTANTS)) {
  for (const [name, bounds] of Object.entries(SEARCHES)) {
    // It takes a second loss, while the answer to the first is on its way.
    if (mutant === 'LATE_ANSWER' && (bounds as readonly string[]).includes('LOSSES=1')) continue
    t.test(`${mutant}, ${rule}, is found wrong: ${name}`, async (t) => {
      const { states, errors, violated } = await verify(t, [...bounds, mutant])
      t.comment(`${states} states`)
      t.equal(errors, 1, 'the search ends at the first')
      t.match(violated, /^\w+Version(\[i\])?>=acked$/, 'by a stale read')
    })
  }
}
