import type { FaultKind, Incident } from './faults.js'
import type { Violation } from './judge.js'
import type { Outcome, Progress } from './run.js'

const SHOWN = 5
// A violation may be an earlier fault's doing.
const AFTERMATH = 2000

export interface Asked {
  readonly seed: string
  readonly seconds: number
  readonly faults: readonly FaultKind[]
}

/** In one line, while it goes on. */
export function progressLine ({ seconds, counts, incidents, violations }: Progress): string {
  return `${seconds.toFixed(0).padStart(4)} s  ${counts.reads} reads, ${share(counts.hits, counts.reads)} hits, ${counts.writes} writes, ` +
    `${incidents.length} faults, ${violations.length} violations`
}

export function report (outcome: Outcome, { seed, faults }: Asked): string {
  const { seconds, counts, incidents, violations, deaths } = outcome
  return [
    `${counts.reads} reads checked in ${seconds.toFixed(1)} s (${Math.round(counts.reads / seconds)}/s), ${share(counts.hits, counts.reads)} of them hits; ` +
      `${counts.unanswered} without an answer, ${counts.failedReads} answered with an error`,
    `${counts.writes} writes acknowledged; ${counts.unacknowledged} without an answer, ${counts.failedWrites} answered with an error`,
    `${incidents.length} faults: ${faults.map((kind) => `${kind} ${timesOf(kind, incidents)}`).join(', ')}`,
    ...counts.firstFailures.map((failure) => `  ${failure}`),
    ...deaths,
    `${violations.length} violations`,
    ...violations.slice(0, SHOWN).map((violation) => violationText(violation, incidents)),
    `seed ${seed}`
  ].join('\n')
}

/** Why an outcome proves nothing, or proves something wrong; empty if all is well. */
export function verdict ({ counts, incidents, violations, deaths, seconds }: Outcome, asked: Asked): string[] {
  const never = asked.faults.filter((kind) => timesOf(kind, incidents) === 0)
  const found: [boolean, string][] = [
    [violations.length > 0, 'reads returned what was no longer true'],
    [deaths.length > 0, 'an instance ended by itself'],
    [counts.failedReads > 0, 'reads were answered with errors'],
    [counts.writes < asked.seconds, 'too few writes were acknowledged to prove anything'],
    [counts.reads < 50 * asked.seconds, 'too few reads were answered to prove anything'],
    [counts.hits < 0.2 * counts.reads, 'too few of the reads were hits to prove anything'],
    [never.length > 0 && seconds >= 60, `it never came to ${never.join(', ')}`]
  ]
  return found.filter(([is]) => is).map(([, what]) => what)
}

function violationText ({ read, told }: Violation, incidents: readonly Incident[]): string {
  const at = (time: number) => `${(time - read.begin).toFixed(1)} ms`
  const around = incidents.filter(({ begin, end }) => begin < read.end && end > told.at - AFTERMATH)
    .map(({ kind, target, begin, end }) => `    ${kind} ${target}: ${at(begin)} to ${end === Infinity ? 'after it' : at(end)}`)
  return [
    `  resource ${read.resource}: ${read.instance} answered with version ${read.version}, though ` +
      `${told.instance} had ${told.by === 'write' ? 'acknowledged' : 'answered with'} ${told.version} at ${at(told.at)} from the read's beginning` +
      (told.by === 'read' ? ` (${told.cacheStatus})` : ''),
    `    it ended at ${at(read.end)}; Cache-Status: ${read.cacheStatus}`,
    ...around
  ].join('\n')
}

const timesOf = (kind: FaultKind, incidents: readonly Incident[]) => incidents.filter((incident) => incident.kind === kind).length

const share = (part: number, whole: number) => `${whole === 0 ? 0 : Math.round(100 * part / whole)} %`
