import { type Spread } from './statistics.js'

/** What a scenario may use. */
export interface Surroundings {
  /** A folder for files, removed at the end. */
  readonly dir: string
  /** The URL of a Redis that nothing else uses. */
  readonly redis: string
  /** Tells what is happening. */
  readonly say: (what: string) => void
  /**
   * Says how many of `times` repetitions to do: processes, rounds, samples. All of them; with
   * `--quick` a fifth, at least one, so that figures spread more.
   */
  readonly repeat: (times: number) => number
  /**
   * Says how much of `time` a stretch of work should take, in the same unit. All of it; with
   * `--quick` half.
   */
  readonly stretch: (time: number) => number
  /**
   * Has something ended or closed when the scenario is over, however it ends. Last in, first out.
   */
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
  /** What was measured, in words and figures. */
  readonly a: string
  /** What it was compared with, if anything. */
  readonly b?: string
  readonly unit: 'x' | 's' | 'ms' | 'µs' | 'B' | '/s' | '%' | 'trips' | 'runs' | 'calls'
  readonly measured: Spread
  /**
   * Judged on the median by CPU where there is one, else on that of `measured`; `everyAtMost` on
   * the worst. None: for information.
   */
  readonly target?:
    { readonly atLeast: number } | { readonly atMost: number } | { readonly everyAtMost: number }
  /** The same ratio by CPU time of the server instead of by requests per second. */
  readonly byCpu?: Spread
  /** Each round's figures. */
  readonly rounds: readonly Readonly<Record<string, number>>[]
}

/** Whether the target is met; undefined where there is none. */
export function isMet ({ target, measured, byCpu = measured }: Result): boolean | undefined {
  if (target === undefined) return undefined
  if ('atLeast' in target) return byCpu.median >= target.atLeast
  return 'atMost' in target ? byCpu.median <= target.atMost : byCpu.max <= target.everyAtMost
}
