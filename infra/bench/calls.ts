import type { Result } from './scenario.js'
import { spread } from './statistics.js'

// Number of calls between two reads of the clocks.
const CALLS = 200

/** A library under test: reads a value that it has stored. */
export interface Reader {
  readonly what: string
  readonly read: (key: string) => Promise<unknown>
}

/** The calls of one stretch. */
export interface Calls {
  readonly perSecond: number
  /** CPU time of this process for one call. */
  readonly cpuMicros: number
}

/** Calls for about `ms` milliseconds, `inFlight` calls at a time, with the keys in turn. */
export async function callFor (
  ms: number,
  { read }: Reader,
  keys: readonly string[],
  inFlight = 1
): Promise<Calls> {
  const began = performance.now()
  const { user, system } = process.cpuUsage()
  const atOnce = Math.ceil(CALLS / inFlight)
  let calls = 0
  const caller = async (first: number) => {
    for (let next = first; performance.now() - began < ms;) {
      for (let i = 0; i < atOnce; i++) await read(keys[next++ % keys.length] ?? '')
      calls += atOnce
    }
  }
  // Each starts at another key: readers of one key would share a read.
  await Promise.all(
    Array.from({ length: inFlight }, (_, i) => caller(Math.floor((i * keys.length) / inFlight)))
  )
  const cpu = process.cpuUsage({ user, system })
  return {
    perSecond: (calls / (performance.now() - began)) * 1000,
    cpuMicros: (cpu.user + cpu.system) / calls
  }
}

/** Compares two readers round by round: how many calls the first makes per call of the second. */
export function compareCalls (
  scenario: string,
  what: string,
  a: Reader,
  b: Reader,
  rounds: ReadonlyMap<Reader, readonly Calls[]>,
  atLeast?: number
): Result {
  const [mine = [], theirs = []] = [rounds.get(a), rounds.get(b)]
  const compared = mine.map(({ perSecond, cpuMicros }, i) => {
    const { perSecond: otherPerSecond, cpuMicros: otherCpuMicros } = theirs[i] ?? {
      perSecond: NaN,
      cpuMicros: NaN
    }
    return {
      perSecond,
      otherPerSecond,
      cpuMicros,
      otherCpuMicros,
      ratio: perSecond / otherPerSecond,
      cpuRatio: otherCpuMicros / cpuMicros
    }
  })
  const micros = (calls: readonly Calls[]) =>
    `${(1e6 / spread(calls.map(({ perSecond }) => perSecond)).median).toFixed(2)} µs`
  return {
    scenario,
    what: `${a.what} ${what}`,
    a: micros(mine),
    b: `${b.what} ${micros(theirs)}`,
    unit: 'x',
    measured: spread(compared.map(({ ratio }) => ratio)),
    byCpu: spread(compared.map(({ cpuRatio }) => cpuRatio)),
    ...(atLeast !== undefined && { target: { atLeast } }),
    rounds: compared
  }
}
