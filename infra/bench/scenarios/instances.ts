import { type RequestClass, demandOf, p99Bound, PLANNED } from '../capacity/formula.js'
import { type Kind, KINDS, type PerKind, Visitors } from '../capacity/paced.js'
import { simulate } from '../capacity/simulate.js'
import { type Child, startChild } from '../children/start.js'
import { randomFrom } from '../../load/shop/random.js'
import type { Result, Scenario, Surroundings } from '../scenario.js'
import { spread } from '../statistics.js'

const ROUNDS = 5
const STRETCH_MS = 3000
/** Rounds of the hash in a computation: some milliseconds. */
const WORK = 12_000
const NONE: PerKind = { memory: 0, redis: 0, computed: 0 }
/** Requests per second of one kind, for its cost. */
const ALONE: PerKind = { memory: 200, redis: 50, computed: 40 }
/** Requests per second that the formula predicts the CPU of. */
const MIXES: readonly PerKind[] = [
  { memory: 100, redis: 20, computed: 20 }, { memory: 300, redis: 40, computed: 50 }
]
/** Parts of the requests of one instance at its planned load. */
const PARTS = { memory: 0.6, computed: 0.4 } as const

/** Requests by kind, and the CPU time of the instances in µs, per second. */
type Stretch = PerKind & { readonly cpuMicros: number, readonly [what: string]: number }

/**
 * Measures the CPU time that two instances need for each kind of request and without any, and then
 * whether their sum predicts that of a mix: the formula of docs/scale.md for the number of
 * instances. Also the response times of one instance at the share of a core that it plans, and at
 * 1.3 times that, beside those of the simulation.
 */
export const instances: Scenario = {
  name: 'instances',
  about: 'CPU of an instance per kind of request, and the formula for the number of instances',
  async run (around) {
    const fleet = await Promise.all([start(around), start(around)])
    const visitors = new Visitors('first', fleet, randomFrom(1))
    around.defer(() => { visitors.end() })
    await visitors.prepare(400)
    const kinds: readonly (readonly [string, PerKind])[] = [
      ['standing', { ...NONE, memory: 20 }],
      ...KINDS.map((kind) => [kind, { ...NONE, [kind]: ALONE[kind] }] as const),
      ...MIXES.map((mix, i) => [`mix ${i + 1}`, mix] as const)
    ]
    const stretches = new Map<string, Stretch[]>(kinds.map(([name]) => [name, []]))
    const rounds = around.repeat(ROUNDS)
    for (let round = 0; round <= rounds; round++) {
      for (const [name, rates] of kinds) {
        around.say(`instances: round ${round}/${rounds}, ${name}`)
        if (rates.redis > rates.computed) {
          await visitors.prepare(1.5 * rates.redis * around.stretch(STRETCH_MS) / 1000)
        }
        const { stretch } = await measured(around, fleet, visitors, rates)
        // Code is compiled in round 0.
        if (round > 0) stretches.get(name)?.push(stretch)
      }
    }
    const of = (name: string) => stretches.get(name) ?? []
    const idle = spread(of('standing').map(({ cpuMicros }) => cpuMicros)).median
    const costs = (kind: Kind) => spread(of(kind).map((one) => (one.cpuMicros - idle) / one[kind]))
    const [memory, redis, computed] = KINDS.map((kind) => costs(kind).median)
    const cost = { memory: memory ?? NaN, redis: redis ?? NaN, computed: computed ?? NaN }
    const formula = (one: PerKind) =>
      KINDS.reduce((sum, kind) => sum + one[kind] * cost[kind], idle)
    return [
      {
        scenario: 'instances',
        what: 'an instance that hardly anything is read from',
        a: 'CPU',
        unit: '%',
        measured: spread(of('standing').map(({ cpuMicros }) => cpuMicros / fleet.length / 1e4)),
        rounds: of('standing')
      },
      ...KINDS.map((kind): Result => ({
        scenario: 'instances',
        what: `a response: ${kind}`,
        a: 'CPU',
        unit: 'µs',
        measured: costs(kind),
        rounds: of(kind)
      })),
      ...MIXES.map((mix, i): Result => ({
        scenario: 'instances',
        what: `${KINDS.map((kind) => `${mix[kind]} ${kind}/s`).join(', ')}`,
        a: `${(spread(of(`mix ${i + 1}`).map(({ cpuMicros }) => cpuMicros)).median / 1e4).toFixed(1)}% of a core`,
        b: 'by formula',
        unit: 'x',
        measured: spread(of(`mix ${i + 1}`).map((one) => one.cpuMicros / formula(one))),
        target: { atMost: 1.15 },
        rounds: of(`mix ${i + 1}`)
      })),
      ...await planned(around, fleet.slice(0, 1), cost, idle / fleet.length / 1e6)
    ]
  }
}

async function start (around: Surroundings): Promise<Child> {
  const child = await startChild('priced', ['--redis', around.redis, '--work', String(WORK)])
  around.defer(() => child.end())
  return child
}

async function measured (
  around: Surroundings, fleet: readonly Child[], visitors: Visitors, rates: PerKind
): Promise<{ readonly stretch: Stretch, readonly times: readonly number[] }> {
  const cpu = async () => {
    const counts = await Promise.all(fleet.map((child) => child.ask()))
    return counts.reduce((sum, { cpuMicros = NaN }) => sum + cpuMicros, 0)
  }
  const before = await cpu()
  const began = performance.now()
  const { seen, times } = await visitors.visit(rates, around.stretch(STRETCH_MS))
  const seconds = (performance.now() - began) / 1000
  const each = (kind: Kind) => seen[kind] / seconds
  const cpuMicros = (await cpu() - before) / seconds
  return {
    stretch: {
      cpuMicros, memory: each('memory'), redis: each('redis'), computed: each('computed')
    },
    times
  }
}

/** One instance at the share of a core that the formula plans, and at 1.3 times that. */
async function planned (
  around: Surroundings, fleet: readonly Child[], cost: PerKind, standing: number
): Promise<Result[]> {
  const visitors = new Visitors('second', fleet, randomFrom(2))
  around.defer(() => { visitors.end() })
  await visitors.prepare(0)
  const classesAt = (factor: number): RequestClass[] => {
    const parts = (['memory', 'computed'] as const).map((kind) =>
      ({ perSecond: PARTS[kind], cpuMs: cost[kind] / 1000 }))
    const scale = factor * (PLANNED - standing) / demandOf(parts)
    return parts.map(({ perSecond, cpuMs }) => ({ perSecond: perSecond * scale, cpuMs }))
  }
  const bound = Number(p99Bound(classesAt(1)).toFixed(1))
  const results: Result[] = []
  for (const factor of [1, 1.3]) {
    const classes = classesAt(factor)
    const [memory = 0, computed = 0] = classes.map(({ perSecond }) => perSecond)
    const { p99 } = simulate({ classes, standing, instances: 1, seconds: 60 })
    const rounds: { p99: number, busy: number }[] = []
    for (let round = 0; round < around.repeat(ROUNDS); round++) {
      around.say(`instances: ${factor} times the planned load`)
      const { times, stretch } =
        await measured(around, fleet, visitors, { memory, redis: 0, computed })
      const sorted = times.toSorted((a, b) => a - b)
      rounds.push({
        p99: sorted[Math.floor(sorted.length * 0.99)] ?? NaN, busy: stretch.cpuMicros / 1e6
      })
    }
    const busy = spread(rounds.map(({ busy }) => busy)).median
    // An instance that waits for a core says nothing about the formula.
    const isJudged = Math.abs(busy / (factor * PLANNED) - 1) < 0.15
    results.push({
      scenario: 'instances',
      what: `p99 at ${factor} times the planned load, ${(memory + computed).toFixed()} requests/s`,
      a: `busy ${(100 * busy).toFixed(0)}%${isJudged ? '' : ', too few cores to judge'}`,
      b: `simulated ${p99.toFixed(1)} ms, bound ${bound} ms`,
      unit: 'ms',
      measured: spread(rounds.map(({ p99 }) => p99)),
      ...(isJudged && { target: factor === 1 ? { atMost: bound } : { atLeast: bound } }),
      rounds
    })
  }
  return results
}
