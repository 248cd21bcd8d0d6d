import { UsageError } from './errors.js'
import { type Result } from './result.js'

/** Metrics that can be required of a result; undefined where it does not have them. Times in ms. */
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

/** A condition on figures; the exit status is 1 if it is not met. */
export interface Requirement {
  /** The text as given. */
  readonly text: string
  /** The scenario or part that it applies to; undefined: all of them. */
  readonly scope: string | undefined
  readonly metric: string
  readonly operator: string
  readonly bound: number
}

/**
 * Reads `NAME OPERATOR NUMBER`, preceded by `SCENARIO:` or `PART:` where it does not apply to every
 * measurement.
 *
 * @param scopes the existing scenarios and parts
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
 * Checks whether all results that a requirement applies to meet it, and returns the figures. An
 * unmeasured metric meets nothing.
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

/** Rounds to the digits that are displayed. */
const round = (value: number): number =>
  Number(value.toPrecision(value < 1 ? 3 : Math.max(3, Math.trunc(value).toString().length)))
