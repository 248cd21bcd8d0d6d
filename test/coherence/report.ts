import { type Counts, tooFew } from './counts.js'
import type { Staleness } from './edge-judge.js'
import type { EdgeKind } from './edge-settings.js'
import type { FaultKind } from './faults.js'
import type { Violation } from './judge.js'
import { RESOURCES, workload, type WorkloadName } from './resources.js'
import type { Outcome, Progress } from './run.js'
import type { Incident } from './schedule.js'

const SHOWN = 5
// A violation may result from an earlier fault.
const AFTERMATH = 2000

export interface Asked {
  readonly seed: string
  readonly seconds: number
  readonly faults: readonly FaultKind[]
  readonly workloads: readonly WorkloadName[]
  readonly edge?: EdgeKind
}

/** Renders the progress of a run as one line. */
export function progressLine ({
  seconds,
  counts,
  incidents,
  violations,
  problems
}: Progress): string {
  return (
    `${seconds.toFixed(0).padStart(4)} s  ${counts.reads} reads, ${share(counts.hits, counts.reads)} hits, ${counts.writes} writes, ` +
    `${incidents.length} faults, ${violations.length} violations${problems.length > 0 ? `, ${problems.length} problems` : ''}`
  )
}

export function report (outcome: Outcome, asked: Asked): string {
  const { seed, faults, workloads } = asked
  const { seconds, counts, incidents, violations, problems, deaths, records } = outcome
  return [
    `${counts.reads} reads checked in ${seconds.toFixed(1)} s (${Math.round(counts.reads / seconds)}/s), ${share(counts.hits, counts.reads)} of them hits; ` +
      `${counts.unanswered} without an answer, ${counts.failedReads} answered with an error, ${counts.originErrors} with the origin's`,
    ...edgeText(outcome, asked),
    `${counts.writes} writes acknowledged; ${counts.unacknowledged} without an answer, ${counts.failedWrites} answered with an error, ` +
      `${counts.refused} refused; ${counts.whileFull} invalidations with Redis full`,
    ...workloads.map((name) => workloadText(name, counts)),
    `${incidents.length} faults`,
    ...faults.map((kind) => faultText(kind, incidents)),
    ...(records.size > 0
      ? [`most records: ${[...records].map(([key, count]) => `${key} ${count}`).join(', ')}`]
      : []),
    ...counts.firstFailures.map((failure) => `  ${failure}`),
    ...deaths,
    `${violations.length} violations${byWorkload(violations)}`,
    ...firstOfEach(violations)
      .slice(0, SHOWN)
      .map((violation) => violationText(violation, incidents)),
    ...problems.map((problem) => `problem: ${problem}`),
    `seed ${seed}`
  ].join('\n')
}

/** Lists why an outcome fails or proves nothing; empty if it passes. */
export function verdict (outcome: Outcome, asked: Asked): string[] {
  const { counts, violations, problems, deaths, seconds } = outcome
  const never = neverSeen(outcome, asked)
  const few = tooFew(counts, asked.seconds)
  const found: [boolean, string][] = [
    [violations.length > 0, 'reads returned what was no longer true'],
    [problems.length > 0, 'the cache or the outbox grew without bounds'],
    [deaths.length > 0, 'an instance ended by itself'],
    [counts.failedReads > 0, 'reads were answered with errors'],
    [counts.refused > 0, 'invalidations were refused, for what they are or because Redis is full'],
    [few !== undefined, `too few ${few} to prove anything`],
    // A short run full of faults may never use the cache.
    [
      counts.hits < 0.1 * counts.reads && seconds >= 30,
      'too few of the reads were hits to prove anything'
    ],
    [
      asked.edge !== undefined && counts.edgeReads < 0.1 * counts.reads,
      'too few reads went to the edge to prove anything'
    ],
    [
      asked.edge !== undefined && asked.edge !== 'region' && counts.edgeHits === 0,
      `${asked.edge} answered no read alone`
    ],
    [never.length > 0 && seconds >= 120, `it never came to ${never.join(', ')}`]
  ]
  return found.filter(([is]) => is).map(([, what]) => what)
}

/** Renders how the destination of purges was used, and how long it was stale. */
function edgeText ({ counts, staleness }: Outcome, { edge }: Asked): string[] {
  if (edge === undefined) return []
  const line = (what: string, { writes, stale, p50, p99, max }: Staleness) =>
    `  stale after ${what}: ${stale} of ${writes} writes` +
    (stale === 0
      ? ''
      : `, for p50 ${Math.round(p50)}, p99 ${Math.round(p99)}, max ${Math.round(max)} ms`)
  const { confirmed, unconfirmed } = staleness ?? {}
  const isRegion = edge === 'region'
  return [
    `${counts.edgeReads} of the reads answered by ${isRegion ? 'the other region' : edge}`,
    ...(isRegion ? [] : [`${counts.edgeHits} of the reads answered by ${edge} alone`]),
    ...(confirmed ? [line(`the ${isRegion ? 'acknowledgement' : 'confirmation'}`, confirmed)] : []),
    ...(unconfirmed && unconfirmed.writes > 0
      ? [line('an acknowledgement without confirmation', unconfirmed)]
      : [])
  ]
}

/** Requested situations that saw next to no requests or responses. */
function neverSeen ({ counts, incidents }: Outcome, { faults, workloads }: Asked): string[] {
  const quiet = faults.filter((kind) => of(kind, incidents).every(({ reads }) => reads === 0))
  const unused = workloads.filter(
    (name) => counts.workloads[name].reads < 100 || counts.workloads[name].writes < 10
  )
  const standIns = workloads
    .filter((name) => workload(name).fails && counts.workloads[name].standIns === 0)
    .map((name) => `stale ${name}`)
  const full =
    faults.includes('redis-full') && counts.whileFull === 0
      ? ['an invalidation with Redis full']
      : []
  return [...quiet, ...unused, ...standIns, ...full]
}

function workloadText (
  name: WorkloadName,
  {
    workloads: {
      [name]: { reads, hits, standIns, writes }
    }
  }: Counts
): string {
  const stale = workload(name).fails ? `, ${standIns} in place of an error` : ''
  return `  ${name}: ${reads} reads, ${share(hits, reads)} hits${stale}, ${writes} writes`
}

function faultText (kind: FaultKind, incidents: readonly Incident[]): string {
  const own = of(kind, incidents)
  const sum = (what: 'reads' | 'writes') => own.reduce((sum, incident) => sum + incident[what], 0)
  return `  ${kind}: ${own.length === 0 ? 'never' : `${own.length} times, ${sum('reads')} reads and ${sum('writes')} writes meanwhile`}`
}

/** The first violation of each resource: later ones usually repeat it. */
function firstOfEach (violations: readonly Violation[]): readonly Violation[] {
  const firsts = new Map<number, Violation>()
  for (const violation of violations) {
    if (!firsts.has(violation.read.resource)) firsts.set(violation.read.resource, violation)
  }
  return [...firsts.values()]
}

function byWorkload (violations: readonly Violation[]): string {
  const counts = new Map<string, number>()
  for (const { read } of violations) {
    counts.set(workloadOf(read.resource), (counts.get(workloadOf(read.resource)) ?? 0) + 1)
  }
  return counts.size === 0
    ? ''
    : `: ${[...counts].map(([name, count]) => `${name} ${count}`).join(', ')}`
}

const workloadOf = (resource: number): string => RESOURCES[resource]?.workload ?? 'resource'

const DONE = { write: 'acknowledged', set: 'acknowledged set()', read: 'answered with' } as const

function violationText ({ read, told }: Violation, incidents: readonly Incident[]): string {
  const at = (time: number) => `${(time - read.begin).toFixed(1)} ms`
  const around = incidents
    .filter(({ begin, end }) => begin < read.end && end > told.at - AFTERMATH)
    .map(
      ({ kind, target, begin, end }) =>
        `    ${kind} ${target}: ${at(begin)} to ${end === Infinity ? 'after it' : at(end)}`
    )
  return [
    `  ${workloadOf(read.resource)} ${read.resource}: ${read.instance} answered with version ${read.version}, though ` +
      `${told.instance} had ${DONE[told.by]} ${told.version} at ${at(told.at)} from the read's beginning` +
      (told.by === 'read' ? ` (${told.cacheStatus})` : ''),
    ...(read.setAt === undefined
      ? []
      : [`    it was put ${(told.began - read.setAt).toFixed(1)} ms before the other began`]),
    `    it ended at ${at(read.end)}; Cache-Status: ${read.cacheStatus}`,
    ...around
  ].join('\n')
}

const of = (kind: FaultKind, incidents: readonly Incident[]) =>
  incidents.filter((incident) => incident.kind === kind)

const share = (part: number, whole: number) =>
  `${whole === 0 ? 0 : Math.round((100 * part) / whole)} %`
