import { cacheStatus } from './compare.js'
import type { Answer, Exchange } from './exchange.js'
import type { Finding, Result } from './run.js'

// Number of differences shown in full.
const SHOWN = 12
const BEFORE = 5
// The lowest acceptable share of hits among cacheable responses. Measured: 0.993 of all, and
// between 0.94 and 1 for each application.
const FLOOR = 0.8
// Number of cacheable responses below which a share means nothing.
const ENOUGH = 50

/** Figures of a run. */
export interface Summary {
  readonly seed: string
  readonly comparisons: number
  readonly differences: number
  readonly possible: number
  readonly hits: number
  readonly share: number
  readonly applications: readonly ApplicationSummary[]
  readonly findings: readonly string[]
  /** Reasons why the run fails; empty if it passes. */
  readonly failures: readonly string[]
}

export interface ApplicationSummary {
  readonly name: string
  readonly comparisons: number
  readonly differences: number
  readonly possible: number
  readonly hits: number
}

export function summarize (results: readonly Result[], seed: string): Summary {
  const names = [...new Set(results.map(({ setting }) => setting.subject.name))].sort()
  const applications = names.map((name) => {
    const own = results.filter(({ setting }) => setting.subject.name === name)
    return { name, ...figuresOf(own) }
  })
  const all = figuresOf(results)
  const findings = results.flatMap(({ findings }) => findings)
  const share = all.possible === 0 ? 0 : all.hits / all.possible
  return {
    seed,
    ...all,
    share,
    applications,
    findings: distinct(findings),
    failures: failuresOf(all, applications)
  }
}

function figuresOf (results: readonly Result[]): Omit<ApplicationSummary, 'name'> {
  const sum = (of: (result: Result) => number) =>
    results.reduce((total, result) => total + of(result), 0)
  return {
    comparisons: sum(({ comparisons }) => comparisons),
    differences: sum(({ findings }) => findings.length),
    possible: sum(({ coverage }) => coverage.possible),
    hits: sum(({ coverage }) => coverage.hits)
  }
}

function failuresOf (
  all: Omit<ApplicationSummary, 'name'>,
  applications: readonly ApplicationSummary[]
): string[] {
  const low = applications.filter(
    ({ possible, hits }) => possible >= ENOUGH && hits < FLOOR * possible
  )
  return [
    ...(all.differences > 0 ? [`${all.differences} answers tell the twins apart`] : []),
    ...(all.possible < ENOUGH ? ['too few answers could come from the cache'] : []),
    ...(all.hits < FLOOR * all.possible
      ? [`${all.hits} hits of ${all.possible} that could be, less than ${FLOOR * 100}%`]
      : []),
    ...low.map(
      ({ name, possible, hits }) =>
        `${name}: ${hits} hits of ${possible} that could be, less than ${FLOOR * 100}%`
    )
  ]
}

/** Renders the result of one application as one line while others are still running. */
export function resultLine ({
  setting: { subject, transport, order, isConditional },
  comparisons,
  findings,
  coverage
}: Result): string {
  return (
    `  ${subject.name} over ${transport}, Weir ${order} it${isConditional ? ', with conditional' : ''}: ${comparisons} comparisons, ` +
    `${findings.length} differences, ${coverage.hits} hits of ${coverage.possible}`
  )
}

export function report ({
  seed,
  comparisons,
  differences,
  possible,
  hits,
  share,
  findings
}: Summary): string {
  return [
    ...findings.slice(0, SHOWN),
    ...(findings.length > SHOWN ? [`and ${findings.length - SHOWN} more kinds`] : []),
    `${comparisons} comparisons, ${differences} differences, ${hits} hits of ${possible} that could be (${(100 * share).toFixed(1)}%)`,
    `seed ${seed}`
  ].join('\n')
}

/**
 * The first finding of each kind, with the number of occurrences: by method and difference,
 * whatever the application.
 */
function distinct (findings: readonly Finding[]): string[] {
  const kinds = new Map<string, Finding[]>()
  for (const finding of findings) {
    const { exchange: { intent: { method } }, differences } = finding
    const kind = [method, ...differences.map((text) => text.replace(/:.*/s, ''))].join(' ')
    kinds.set(kind, [...kinds.get(kind) ?? [], finding])
  }
  return [...kinds.values()].map((all) => {
    const names = [...new Set(all.map(({ setting }) => setting.subject.name))]
    const paths = [
      ...new Set(
        all.map(
          ({
            exchange: {
              intent: { target, path }
            }
          }) => target?.path ?? path
        )
      )
    ]
    return all
      .slice(0, 1)
      .map(
        (first) =>
          `${all.length} times, in ${names.join(', ')}, at ${paths.slice(0, 8).join(', ')}: ${findingText(first)}`
      )
      .join('')
  })
}

export function findingText ({ setting, exchange, differences, before }: Finding): string {
  const { subject, transport, order, isConditional } = setting
  return [
    `${subject.name} over ${transport}, Weir ${order} the plugin${isConditional ? ', with conditional' : ''}: ${differences.join('; ')}`,
    ...before.slice(-BEFORE).map((earlier) => `    before: ${lineOf(earlier)}`),
    `  ${lineOf(exchange)}`,
    `    headers ${JSON.stringify(exchange.sent.weir.headers)}`,
    `    without ${answerText(exchange.plain)}`,
    `    with    ${answerText(exchange.weir)}`
  ].join('\n')
}

function lineOf ({ intent, plain, weir }: Exchange): string {
  const status = plain.status === weir.status ? plain.status : `${plain.status} / ${weir.status}`
  return `${intent.method} ${intent.path} of ${intent.user} ${JSON.stringify(intent.headers)}: ${status} ${cacheStatus(weir.headers)}`
}

function answerText ({ status, headers, body, error }: Answer): string {
  const text =
    body.length === 0
      ? ''
      : ` ${body.subarray(0, 160).toString('latin1')}${body.length > 160 ? `... (${body.length} bytes)` : ''}`
  return `${status} ${error ?? JSON.stringify(headers)}${text}`
}
