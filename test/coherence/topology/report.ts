import type { Violation } from '../judge.js'
import { Latencies } from './latencies.js'
import type { Period, TopologyOutcome } from './run.js'

const SHOWN = 5
// A slower read has waited for more than one command timeout and one redirection.
const SLOW = 250
// Longer than any legitimate wait of a read.
const VERY_SLOW = 5000

/** Renders a period that has ended as one line. */
export function periodText (period: Period): string {
  const { fault, target, begin, over, end, latencies, violations } = period
  const ms = (from: number, to: number) => `${(to - from).toFixed(0)} ms`
  return `${fault} ${target}`.trim().padEnd(48) +
    `${ms(begin, over)}, settled after ${ms(over, end)}; ` +
    `${violations.length} violations, slowest probe ${ms(0, latencies.max)} (${latencies.slowest})`
}

/** Renders a table of the effects of each kind of fault on reads, and the first violations. */
export function topologyReport (outcome: TopologyOutcome): string {
  const { seconds, counts, periods, deaths, failedProbes } = outcome
  const kinds = [...new Set(periods.map(({ fault }) => fault))]
  const violations = periods.flatMap((period) =>
    period.violations.map((violation) => ({ period, violation })))
  return [
    `${counts.reads} reads checked in ${seconds.toFixed(1)} s, ${counts.hits} of them hits; ` +
      `${counts.unanswered} without an answer, ` +
      `${counts.failedReads + failedProbes} answered with an error`,
    `${counts.writes} writes acknowledged; ${counts.unacknowledged + counts.failedWrites} not`,
    ...counts.firstFailures, ...deaths,
    row('fault', 'times', 'lasted', 'stale', 'back', 'probes', 'p50', 'p99', 'max', `>${SLOW} ms`),
    ...kinds.map((kind) => rowOf(kind, periods.filter(({ fault }) => fault === kind))),
    ...periods.filter(({ latencies }) => latencies.max > VERY_SLOW).map(slowestText),
    ...violations.slice(0, SHOWN).map(({ period, violation }) => violationText(violation, period)),
    `${violations.length} violations`
  ].join('\n')
}

/** Lists why an outcome fails or proves nothing; empty if it passes. */
export function topologyVerdict ({ seconds, counts, periods, deaths }: TopologyOutcome): string[] {
  const found: [boolean, string][] = [
    [
      periods.some(({ violations }) => violations.length > 0),
      'reads returned what was no longer true'
    ],
    [deaths.length > 0, 'an instance ended by itself'],
    [counts.failedReads > 0, 'reads were answered with errors'],
    [counts.writes < seconds, 'too few writes were acknowledged to prove anything'],
    [counts.hits < 0.1 * counts.reads, 'too few of the reads were hits to prove anything']
  ]
  return found.filter(([is]) => is).map(([, what]) => what)
}

const slowestText = ({ fault, target, latencies }: Period) =>
  `  ${fault} ${target}: a probe took ${latencies.max.toFixed(0)} ms: ${latencies.slowest}`

function rowOf (kind: string, periods: readonly Period[]): string {
  const latencies = Latencies.of(periods.map((period) => period.latencies))
  const all = periods.flatMap(({ violations }) => violations)
  const stale = all.filter(({ told }) => told.by === 'write').length
  const total = periods.reduce((sum, { begin, end }) => sum + end - begin, 0)
  const lasted = total / periods.length / 1000
  return row(
    kind, periods.length, `${lasted.toFixed(1)} s`, stale, all.length - stale, latencies.count,
    ...[0.5, 0.99, 1].map((share) => latencies.quantile(share))
      .map((ms) => ms.toFixed(ms < 10 ? 1 : 0)),
    latencies.above(SLOW)
  )
}

const row = (first: string, ...others: readonly (string | number)[]) =>
  first.padEnd(20) + others.map((text) => String(text).padStart(9)).join('')

function violationText ({ read, told }: Violation, { fault, target, begin, over }: Period): string {
  return `  ${fault} ${target}: ${(read.begin - begin).toFixed(0)} ms after its beginning ` +
    `(it ended at ${(over - begin).toFixed(0)} ms) ${read.instance} answered with version ` +
    `${read.version} of ${read.resource}, though ${told.instance} had ` +
    `${told.by === 'write' ? 'acknowledged' : 'answered with'} ${told.version} ` +
    `${(read.begin - told.at).toFixed(1)} ms before; ${read.cacheStatus}`
}
