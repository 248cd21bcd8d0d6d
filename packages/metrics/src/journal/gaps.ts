import type { Recorded } from './event.js'
import type { JournalCoverage, JournalRun } from './store.js'
import { type Text, say } from './text.js'

/** A time for which the journal may lack events. */
export interface JournalGap {
  readonly from: number
  readonly to: number
  readonly text: Text
}

// Milliseconds after which a process that has not reported is presumed dead or cut off.
const SILENT = 15_000
// Milliseconds from the last report of a killed process to its last event, at most: a process may
// have waited for its store.
const AFTER_DEATH = 11_000
// Milliseconds after which a silent process is presumed to serve nothing from its cache.
const CUT_OFF = 300_000

/** Returns whether a process is expected to report again. */
export const isLive = (
  { instance, startedAt, coveredTo, isEnded }: JournalRun,
  runs: readonly JournalRun[],
  now: number
): boolean => !isEnded && now - coveredTo <= SILENT && !isFollowed(instance, startedAt, runs)

const isFollowed = (instance: string, startedAt: number, runs: readonly JournalRun[]) =>
  runs.some((other) => other.instance === instance && other.startedAt > startedAt)

/** Returns the times between two others for which events may be missing. */
export function gapsBetween (
  from: number,
  to: number,
  { runs, forgottenTo }: JournalCoverage,
  events: readonly Recorded[],
  now: number
): JournalGap[] {
  const gaps: JournalGap[] = []
  const add = (gap: JournalGap) => { if (gap.from <= to && gap.to >= from) gaps.push(gap) }
  if (forgottenTo !== undefined) {
    add({
      from: 0,
      to: forgottenTo,
      text: say`The journal has dropped events before ${{ at: forgottenTo }} for lack of room.`
    })
  }
  const first = Math.min(...runs.map(({ startedAt }) => startedAt))
  if (runs.length === 0) {
    add({ from: 0, to: now, text: say`No instance has written to this journal.` })
  } else if (forgottenTo === undefined) {
    add({ from: 0, to: first - 1, text: say`The journal begins at ${{ at: first }}.` })
  }
  for (const run of runs) {
    const { instance, startedAt, coveredTo, isEnded } = run
    if (isEnded) continue
    const isSilent = now - coveredTo > SILENT
    const end = coveredTo +
      (isFollowed(instance, startedAt, runs) ? AFTER_DEATH : isSilent ? CUT_OFF : SILENT)
    add({
      from: coveredTo + 1,
      to: Math.min(now, end),
      text: isSilent
        ? say`${instance} has not reported since ${{ at: coveredTo }}: it was killed, or is cut off.`
        : say`${instance} has reported up to ${{ at: coveredTo }}, so the answer is complete up to then.`
    })
  }
  for (const event of events) {
    if (event.kind !== 'gap') continue
    add({
      from: event.began,
      to: event.at,
      text: say`${event.instance} could not record ${event.count} events from ${{ at: event.began }} to ${{ at: event.at }}.`
    })
  }
  return gaps.sort((a, b) => a.from - b.from)
}
