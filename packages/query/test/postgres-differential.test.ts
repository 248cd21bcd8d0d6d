import { Random } from '@weir/internal/testing'
import t from 'tap'
import { postgresOf } from './database.js'
import { differences } from './postgres-differential.js'

// More with SEED=1234 ROUNDS=100.
const seed = Number(process.env['SEED'] ?? 1)
const rounds = Number(process.env['ROUNDS'] ?? 2)
t.setTimeout(30_000 * rounds)
const engine = await postgresOf(t)

t.test('queries return the same with the cache as without it', async (t) => {
  let [reads, hits, changed] = [0, 0, 0]
  for (let round = 0; round < rounds; round++) {
    const outcome = await differences(engine, new Random(seed * 1000 + round), { steps: 25 })
    t.strictSame(outcome.problems.slice(0, 3), [], `seed ${seed}, round ${round}`)
    reads += outcome.reads
    hits += outcome.hits
    changed += outcome.changed
  }
  t.comment(`${reads} reads, ${hits} hits, ${changed} results changed`)
  t.ok(hits > 0.3 * reads && changed > 5 * rounds, `${hits} of ${reads}, ${changed}`)
})

t.test('a cache that learns of no write is detected', async (t) => {
  const outcome = await differences(engine, new Random(seed), { steps: 25, isMutant: true })
  t.not(outcome.problems.length, 0)
})
