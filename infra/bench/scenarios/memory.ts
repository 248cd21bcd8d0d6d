import { join } from 'node:path'
import { startChild } from '../children/start.js'
import type { Result, Scenario, Surroundings } from '../scenario.js'
import { spread } from '../statistics.js'

const ENTRIES = 10_000
const BODY = 1024
const ROUNDS = 2
const KEEP_ONE = ['--keep', '1']

/**
 * The memory of a response besides its body: the same process with L1 and with an L1 of one entry,
 * after the same requests. With no L1 at all, the most recent reads would be kept too.
 */
export const memory: Scenario = {
  name: 'memory',
  about: 'the memory of an L1 entry besides its body, and whether the cache\'s own estimate covers it',
  async run (around) {
    const filled = []
    const read = []
    const rounds = around.repeat(ROUNDS)
    for (let round = 0; round < rounds; round++) {
      around.say(`memory: round ${round + 1}/${rounds}`)
      const file = join(around.dir, `memory-${round}.db`)
      // The first process computes the responses, later ones read them from the store.
      const own = await held(around, file, ENTRIES)
      const fromStore = await held(around, file, 0)
      const without = await held(around, file, 0, ...KEEP_ONE)
      const withoutFills = await held(
        around,
        join(around.dir, `memory-${round}-none.db`),
        ENTRIES,
        ...KEEP_ONE
      )
      filled.push(perEntry(own, withoutFills))
      read.push(perEntry(fromStore, without))
    }
    return [...results('computed here', filled), ...results('read from the store', read)]
  }
}

type Held = Readonly<Record<string, number>>

async function held (
  around: Surroundings,
  file: string,
  fills: number,
  ...args: readonly string[]
): Promise<Held> {
  const child = await startChild(
    'memory',
    ['--file', file, '--entries', `${ENTRIES}`, '--body', `${BODY}`, ...args],
    ['--expose-gc', '--single-threaded-gc']
  )
  around.defer(() => child.end())
  const held = await child.ask()
  await child.end()
  if (held['fills'] !== fills) {
    throw new Error(`the handler ran ${held['fills']} times, not ${fills}`)
  }
  if (args.length === 0 && held['entries'] !== ENTRIES) {
    throw new Error(`L1 has ${held['entries']} entries of ${ENTRIES}`)
  }
  return held
}

function perEntry (
  withL1: Held,
  without: Held
): { overhead: number; total: number; estimate: number; rss: number } {
  const grown = (what: string) => ((withL1[what] ?? 0) - (without[what] ?? 0)) / ENTRIES
  const total = grown('heapUsed') + grown('external')
  if (total < BODY) {
    throw new Error(
      `an entry of ${BODY} B of body holds ${Math.round(total)} B: the other process keeps responses, too`
    )
  }
  return {
    total,
    overhead: total - BODY,
    estimate: (withL1['estimate'] ?? 0) / ENTRIES,
    rss: grown('rss')
  }
}

function results (what: string, rounds: readonly ReturnType<typeof perEntry>[]): Result[] {
  const { median: estimate } = spread(rounds.map(({ estimate }) => estimate))
  const { median: total } = spread(rounds.map(({ total }) => total))
  return [
    {
      scenario: 'memory',
      what: `entry ${what}`,
      a: `${Math.round(total)} B held`,
      b: `${BODY} B body`,
      unit: 'B',
      measured: spread(rounds.map(({ overhead }) => overhead)),
      target: { atMost: 500 },
      rounds
    },
    {
      scenario: 'memory',
      what: `estimate, ${what}`,
      a: `${Math.round(estimate)} B estimated`,
      b: `${Math.round(total)} B held`,
      unit: 'x',
      measured: spread(rounds.map(({ estimate, total }) => estimate / total)),
      target: { atLeast: 1 },
      rounds
    }
  ]
}
