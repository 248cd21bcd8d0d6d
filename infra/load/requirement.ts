import { UsageError } from './errors.js'
import { type Result } from './result.js'

/** What can be required of a result; undefined where it has no such thing. Times in ms. */
const METRICS: Readonly<Record<string, (result: Result) => number | undefined>> = {
  errors: ({ failed, outcomes }) =>
    failed + (outcomes.find(({ outcome }) => outcome === 'error')?.count ?? 0),
  limited: ({ outcomes }) => outcomes.find(({ outcome }) => outcome === 'limited')?.count ?? 0,
  'hit-ratio': ({ hitRatio }) => hitRatio ?? undefined,
  rate: ({ perSecond }) => perSecond,
  p50: ({ latency }) => latency?.p50,
  p90: ({ latency }) => latency?.p90,
  p99: ({ latency }) => latency?.p99,
  max: ({ latency }) => latency?.max,
  computed: ({ bursts }) => bursts && Math.max(0, ...bursts.map(({ computed }) => computed))
}
export const METRIC_NAMES = Object.keys(METRICS)

const OPERATORS: Readonly<Record<string, (a: number, b: number) => boolean>> = {
  '<': (a, b) => a < b,
  '<=': (a, b) => a <= b,
  '=': (a, b) => a === b,
  '>=': (a, b) => a >= b,
  '>': (a, b) => a > b
}

/** Something that figures have to be, or the exit status is 1. */
export interface Requirement {
  /** As it was written. */
  readonly text: string
  /** The scenario, or the part of one, that it is about. All of them if there is none. */
  readonly scope: string | undefined
  readonly metric: string
  readonly operator: string
  readonly bound: number
}

/**
 * Reads `NAME OPERATOR NUMBER`, with `SCENARIO:` or `PART:` before it where it is not about all
 * that is measured.
 *
 * @param scopes the scenarios and parts that there are
 * @throws UsageError
 * @example parseRequirement('warm:hit-ratio>=0.9', ['warm'])
 */
export function parseRequirement (text: string, scopes: readonly string[]): Requirement {
  const [, scope, metric = '', operator = '', bound = ''] =
    /^\s*(?:([\w-]+):)?\s*([\w-]+)\s*(<=?|>=?|=)\s*(\d+(?:\.\d+)?)\s*$/.exec(text) ?? []
  if (metric === '') {
    throw new UsageError(`--require ${text}: say it like 'hit-ratio>=0.9' or 'warm:p99<50'`)
  }
  if (METRICS[metric] === undefined) {
    throw new UsageError(
      `--require ${text}: there is no ${metric}, but ${METRIC_NAMES.join(', ')}`
    )
  }
  if (scope !== undefined && !scopes.includes(scope)) {
    throw new UsageError(`--require ${text}: ${scope} is not measured, but ${scopes.join(', ')}`)
  }
  return { text: text.trim(), scope, metric, operator, bound: Number(bound) }
}

/**
 * Whether a requirement is met by all results that it is about, and the figures. What was not
 * measured meets nothing.
 */
export function check (
  { text, scope, metric, operator, bound }: Requirement, results: readonly Result[]
): { text: string, met: boolean, why: string } {
  const figures = results
    .filter(({ scenario, part }) => scope === undefined || scope === scenario || scope === part)
    .flatMap((result) => {
      const value = METRICS[metric]?.(result)
      return value === undefined
        ? []
        : [{ of: result.part, value, met: OPERATORS[operator]?.(value, bound) === true }]
    })
  if (figures.length === 0) return { text, met: false, why: 'nothing that was measured has it' }
  return {
    text,
    met: figures.every(({ met }) => met),
    why: figures.map(({ of, value }) => `${of} ${round(value)}`).join(', ')
  }
}

/** To as many digits as are read. */
const round = (value: number): number =>
  Number(value.toPrecision(value < 1 ? 3 : Math.max(3, Math.trunc(value).toString().length)))
