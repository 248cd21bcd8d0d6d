import { type Child, startChild } from '../children/start.js'
import { type ColdRound, loadCold } from '../cold-load.js'
import { interleave } from '../rounds.js'
import type { Result, Scenario, Surroundings } from '../scenario.js'
import { spread } from '../statistics.js'

// Two processes of the same program differ for their whole life, so several of each take part.
const GENERATIONS = 3
const ROUNDS = 3
const WARM_UP = 6000
const REQUESTS = 3000
// Requests of the counted run, which is slow.
const COUNTED = 500

interface Contender {
  readonly what: string
  readonly args: readonly string[]
  /** The highest acceptable CPU time of a miss, relative to the bare route. */
  readonly atMost?: number
}

/** Hands out numbers of products that were never requested. */
class Unseen {
  #next = 0

  take (count: number): number {
    const first = this.#next
    this.#next += count
    return first
  }
}

/**
 * The cost of a miss: a JSON route that is requested for another product each time, with and
 * without the cache.
 */
export const missCpu: Scenario = {
  name: 'miss-cpu',
  about:
    'CPU time of a miss of 1 KiB of JSON against the same route without Weir, and functions entered',
  async run (around) {
    const redis = ['--store', 'redis', '--redis', around.redis]
    const contenders: readonly Contender[] = [
      { what: 'memory', args: ['--store', 'memory'], atMost: 1.25 },
      { what: 'memory, cache alone', args: ['--store', 'memory', '--alone'] },
      { what: 'Redis', args: redis, atMost: 1.5 },
      { what: 'Redis, cache alone', args: [...redis, '--alone'] }
    ]
    const bare: Contender = { what: 'bare', args: [] }
    const unseen = new Unseen()
    const all = new Map<Contender, ColdRound[]>()
    const generations = around.repeat(GENERATIONS)
    for (let generation = 1; generation <= generations; generation++) {
      around.say(`miss-cpu: processes ${generation}/${generations}`)
      for (const [contender, rounds] of await generationOf(
        around,
        [bare, ...contenders],
        unseen
      )) {
        all.set(contender, [...(all.get(contender) ?? []), ...rounds])
      }
    }
    const reference = all.get(bare) ?? []
    const results = contenders.map((contender) =>
      compared(contender, all.get(contender) ?? [], reference)
    )
    return [...results, await counted(around, unseen)]
  }
}

async function generationOf (
  around: Surroundings,
  contenders: readonly Contender[],
  unseen: Unseen
): Promise<Map<Contender, ColdRound[]>> {
  const servers = new Map<Contender, Child>()
  for (const contender of contenders) {
    servers.set(contender, await started(around, contender.args, unseen))
  }
  const requests = Math.round(around.stretch(REQUESTS))
  const rounds = await interleave([...servers], around.repeat(ROUNDS), ([, server]) =>
    loadCold(server, unseen.take(requests), requests)
  )
  for (const server of servers.values()) await server.end()
  return new Map([...rounds].map(([[contender], measured]) => [contender, measured]))
}

/** Starts a server and warms it up. */
async function started (
  around: Surroundings,
  args: readonly string[],
  unseen: Unseen,
  warmUp = WARM_UP
): Promise<Child> {
  const server = await startChild('cold', args)
  around.defer(() => server.end())
  const response = await fetch(`${String(server.ready['url'])}/products/${unseen.take(1)}`)
  await response.arrayBuffer()
  const said = response.headers.get('cache-status') ?? ''
  if (args.length > 0 && !said.includes('stored')) {
    throw new Error(`expected a miss that is stored, got Cache-Status: ${said}`)
  }
  const requests = Math.round(around.stretch(warmUp))
  await loadCold(server, unseen.take(requests), requests)
  return server
}

function compared (
  { what, atMost }: Contender,
  mine: readonly ColdRound[],
  bare: readonly ColdRound[]
): Result {
  const rounds = mine.map(({ cpuMicros }, i) => {
    const { cpuMicros: bareCpuMicros } = bare[i] ?? { cpuMicros: NaN }
    return { cpuMicros, bareCpuMicros, ratio: cpuMicros / bareCpuMicros }
  })
  const micros = (rounds: readonly ColdRound[]) =>
    `${spread(rounds.map(({ cpuMicros }) => cpuMicros)).median.toFixed(1)} µs`
  return {
    scenario: 'miss-cpu',
    what,
    a: micros(mine),
    b: `bare ${micros(bare)}`,
    unit: 'x',
    measured: spread(rounds.map(({ ratio }) => ratio)),
    ...(atMost !== undefined && { target: { atMost } }),
    rounds
  }
}

/**
 * Calls of functions in Weir's packages per request, nested ones included, as V8 counts them; 503
 * before issue 16.
 */
async function counted (around: Surroundings, unseen: Unseen): Promise<Result> {
  around.say('miss-cpu: counting functions entered')
  const server = await started(around, ['--store', 'memory', '--count'], unseen, COUNTED)
  const { calls } = await loadCold(server, unseen.take(COUNTED), COUNTED)
  return {
    scenario: 'miss-cpu',
    what: 'functions entered, memory',
    a: `${Math.round(calls)} calls`,
    unit: 'calls',
    measured: spread([calls]),
    target: { atMost: 250 },
    rounds: [{ calls }]
  }
}
