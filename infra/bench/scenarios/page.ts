import { type Child, startChild } from '../children/start.js'
import { loadCold } from '../cold-load.js'
import { load, type Load, warmUp } from '../load.js'
import { interleave } from '../rounds.js'
import type { Result, Scenario, Surroundings } from '../scenario.js'
import { spread } from '../statistics.js'
import { versus } from '../versus.js'

const ROUNDS = 5
const SECONDS = 1
// A miss takes milliseconds: fewer pages suffice.
const HIT: Load = { expect: 200, urls: 100 }
const COLD = 200

/**
 * A page of five fragments: all cached, against the prebuilt page; none cached, against rendering
 * it for each request.
 */
export const page: Scenario = {
  name: 'page',
  about:
    'a page of five fragments: all hits against a bare route with that HTML, all misses against no cache',
  async run (around) {
    const [fragments, bare, uncached] = await Promise.all(
      ['fragments', 'bare', 'uncached'].map(async (mode) => started(around, mode))
    )
    if (fragments === undefined || bare === undefined || uncached === undefined) {
      throw new Error('not all servers have started')
    }
    return [await hits(around, fragments, bare), await misses(around, fragments, uncached)]
  }
}

async function started (around: Surroundings, mode: string): Promise<Child> {
  const child = await startChild('page', ['--mode', mode])
  around.defer(() => child.end())
  return child
}

async function hits (around: Surroundings, fragments: Child, bare: Child): Promise<Result> {
  for (const server of [fragments, bare]) await warmUp(server, HIT, around.stretch(SECONDS))
  const rounds = await interleave(
    [fragments, bare],
    around.repeat(ROUNDS),
    async (server, round) => {
      around.say(`page: hits, round ${round + 1}`)
      const measured = await load(server, HIT, around.stretch(SECONDS))
      if (measured.fills > 0) throw new Error(`${measured.fills} pages were not kept`)
      return measured
    }
  )
  return versus(
    'page',
    { what: 'all hits', rounds: rounds.get(fragments) ?? [] },
    { what: 'bare', rounds: rounds.get(bare) ?? [] },
    0.6
  )
}

async function misses (around: Surroundings, fragments: Child, uncached: Child): Promise<Result> {
  // Above the numbers of the pages that the hits read.
  let unseen = 1_000_000
  const requests = Math.round(around.stretch(COLD))
  const cold = async (server: Child) => {
    unseen += requests
    return loadCold(server, unseen, requests)
  }
  for (const server of [fragments, uncached]) await cold(server)
  const measured = await interleave(
    [fragments, uncached],
    around.repeat(ROUNDS),
    async (server, round) => {
      around.say(`page: misses, round ${round + 1}`)
      return cold(server)
    }
  )
  const micros = (server: Child) => (measured.get(server) ?? []).map(({ cpuMicros }) => cpuMicros)
  const [mine, theirs] = [micros(fragments), micros(uncached)]
  const rounds = mine.map((cpuMicros, i) => ({
    cpuMicros,
    uncachedCpuMicros: theirs[i] ?? NaN,
    ratio: cpuMicros / (theirs[i] ?? NaN)
  }))
  return {
    scenario: 'page',
    what: 'all misses',
    a: `${(spread(mine).median / 1000).toFixed(2)} ms`,
    b: `uncached ${(spread(theirs).median / 1000).toFixed(2)} ms`,
    unit: 'x',
    measured: spread(rounds.map(({ ratio }) => ratio)),
    target: { atMost: 1.1 },
    rounds
  }
}
