import { Agent, request } from 'undici'
import { type Child, startChild } from '../children/start.js'
import { interleave } from '../rounds.js'
import type { Result, Scenario, Surroundings } from '../scenario.js'
import { spread } from '../statistics.js'

const INSTANCES = 4
const EACH = 500
const HANDLER = 300
const ROUNDS = 5

/** A server, and open connections to it. */
interface Instance {
  readonly child: Child
  readonly agent: Agent
}

interface Storm {
  readonly what: string
  readonly path: (round: number) => string
  readonly prepare?: (instance: Instance | undefined, path: string) => Promise<unknown>
}

const cold: Storm = { what: 'cold key', path: (round) => `/cached/${HANDLER}/cold-${round}` }
const invalidated: Storm = {
  what: 'right after an invalidation',
  path: () => `/cached/${HANDLER}/hot`,
  prepare: (instance, path) => ask(instance, path, 'POST')
}
const uncached: Storm = { what: 'uncached', path: () => `/uncached/${HANDLER}/hot` }

/**
 * Many clients request an uncached page at once: how often it is computed, and when all have it.
 */
export const stampede: Scenario = {
  name: 'stampede',
  about:
    '4 processes, 500 concurrent requests each for an uncached response of 300 ms: runs of the handler, time',
  async run (around) {
    const instances: Instance[] = []
    for (let i = 0; i < INSTANCES; i++) instances.push(await started(around))
    // Opens the connections, compiles the code of the rounds, and creates the entry to invalidate.
    for (const path of ['/uncached/0/warm', '/cached/0/warm', invalidated.path(0)]) {
      await all(instances, path)
    }

    const times = around.repeat(ROUNDS)
    const rounds = await interleave([cold, invalidated, uncached], times, async (storm, round) => {
      around.say(`stampede: round ${round + 1}/${times}, ${storm.what}`)
      const path = storm.path(round)
      await storm.prepare?.(instances[0], path)
      const before = await runs(instances)
      const began = performance.now()
      await all(instances, path)
      const ms = performance.now() - began
      return { ms, runs: (await runs(instances)) - before }
    })
    return [cold, invalidated].flatMap((storm) =>
      results(storm, rounds.get(storm) ?? [], rounds.get(uncached) ?? [])
    )
  }
}

async function started (around: Surroundings): Promise<Instance> {
  const child = await startChild('slow', ['--redis', around.redis])
  around.defer(() => child.end())
  const agent = new Agent({ connections: EACH, pipelining: 1 })
  around.defer(() => agent.close())
  return { child, agent }
}

async function ask (
  instance: Instance | undefined,
  path: string,
  method: 'GET' | 'POST' = 'GET'
): Promise<void> {
  if (instance === undefined) throw new Error('there is no instance')
  const { statusCode, body } = await request(`${String(instance.child.ready['url'])}${path}`, {
    method,
    dispatcher: instance.agent
  })
  const text = await body.text()
  if (statusCode !== 200) throw new Error(`${method} ${path}: ${statusCode} ${text}`)
}

async function all (instances: readonly Instance[], path: string): Promise<void> {
  await Promise.all(
    instances.flatMap((instance) => Array.from({ length: EACH }, () => ask(instance, path)))
  )
}

async function runs (instances: readonly Instance[]): Promise<number> {
  const counts = await Promise.all(instances.map(({ child }) => child.ask()))
  return counts.reduce((sum, { fills = NaN }) => sum + fills, 0)
}

function results (
  { what }: Storm,
  rounds: readonly { ms: number; runs: number }[],
  reference: readonly { ms: number }[]
): Result[] {
  const { median } = spread(reference.map(({ ms }) => ms))
  return [
    {
      scenario: 'stampede',
      what,
      a: 'runs of the handler',
      unit: 'runs',
      measured: spread(rounds.map(({ runs }) => runs)),
      target: { everyAtMost: 1 },
      rounds
    },
    {
      scenario: 'stampede',
      what,
      a: 'until all are answered',
      b: `each by its own handler ${median.toFixed()} ms`,
      unit: 'ms',
      measured: spread(rounds.map(({ ms }) => ms)),
      rounds
    }
  ]
}
