import { type Spread } from './statistics.js'

/** Resources of a scenario. */
export interface Surroundings {
  /** A folder for files, removed at the end. */
  readonly dir: string
  /** The URL of a Redis that nothing else uses. */
  readonly redis: string
  /** Reports progress. */
  readonly say: (what: string) => void
  /**
   * Returns how many of `times` repetitions to run: processes, rounds, samples. All by default;
   * with `--quick` a fifth, at least one, so that figures spread more.
   */
  readonly repeat: (times: number) => number
  /**
   * Returns how much of `time` a stretch of work should take, in the same unit: all by default,
   * half with `--quick`.
   */
  readonly stretch: (time: number) => number
  /** Ends or closes a resource when the scenario is over, however it ends. Last in, first out. */
  readonly defer: (end: () => unknown) => void
}

export interface Scenario {
  readonly name: string
  /** One line for `--help`. */
  readonly about: string
  run (surroundings: Surroundings): Promise<Result[]>
}

/** One line of the table. */
export interface Result {
  readonly scenario: string
  readonly what: string
  /** The measured side, in words and figures. */
  readonly a: string
  /** The side it is compared with, if any. */
  readonly b?: string
  readonly unit: 'x' | 's' | 'ms' | 'µs' | 'B' | '/s' | '%' | 'trips' | 'runs' | 'calls'
  readonly measured: Spread
  /**
   * Applies to the median by CPU time where there is one, otherwise to that of `measured`;
   * `everyAtMost` applies to the worst. None: informational.
   */
  readonly target?:
    { readonly atLeast: number } | { readonly atMost: number } | { readonly everyAtMost: number }
  /** The same ratio by CPU time of the server instead of by requests per second. */
  readonly byCpu?: Spread
  /** Figures of each round. */
  readonly rounds: readonly Readonly<Record<string, number>>[]
}

/** Whether the target is met; undefined without a target. */
export function isMet ({ target, measured, byCpu = measured }: Result): boolean | undefined {
  if (target === undefined) return undefined
  if ('atLeast' in target) return byCpu.median >= target.atLeast
  return 'atMost' in target ? byCpu.median <= target.atMost : byCpu.max <= target.everyAtMost
}
