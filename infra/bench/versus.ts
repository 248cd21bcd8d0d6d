import type { Round } from './load.js'
import type { Result } from './scenario.js'
import { spread } from './statistics.js'

/** A server's rounds under load, and its name. */
export interface Side {
  readonly what: string
  readonly rounds: readonly Round[]
}

/**
 * Compares two servers round by round: how many requests per second the first answers per request
 * of the second.
 */
export function versus (scenario: string, mine: Side, other: Side, atLeast?: number): Result {
  const rounds = mine.rounds.map((round, i) => {
    const reference = other.rounds[i] ?? round
    return {
      perSecond: Math.round(round.perSecond),
      barePerSecond: Math.round(reference.perSecond),
      ratio: round.perSecond / reference.perSecond,
      cpuMicros: round.cpuMicros,
      bareCpuMicros: reference.cpuMicros,
      cpuRatio: reference.cpuMicros / round.cpuMicros,
      busy: round.busy,
      bareBusy: reference.busy,
      asked: round.asked
    }
  })
  return {
    scenario,
    what: mine.what,
    a: figures(mine.rounds),
    b: `${other.what} ${figures(other.rounds)}`,
    unit: 'x',
    measured: spread(rounds.map(({ ratio }) => ratio)),
    byCpu: spread(rounds.map(({ cpuRatio }) => cpuRatio)),
    ...(atLeast !== undefined && { target: { atLeast } }),
    rounds
  }
}

const figures = (rounds: readonly Round[]): string => {
  const perSecond = spread(rounds.map((round) => round.perSecond)).median
  const cpu = spread(rounds.map(({ cpuMicros }) => cpuMicros)).median
  const asked = spread(rounds.map(({ asked }) => asked)).median
  return `${Math.round(perSecond)}/s ${cpu.toFixed(1)} µs${asked > 0 ? `, ${(asked * 100).toFixed(1)} % asked` : ''}`
}
