import { setTimeout } from 'node:timers/promises'
import { MetricsError } from '../errors.js'
import type { Recorded } from './event.js'
import { isLive } from './gaps.js'
import { aboutUrl, checkTime, type Found, isWithin, keysOf, searchJournal } from './search.js'
import type { JournalStore } from './store.js'
import { UrlMatcher } from './url-matcher.js'
import { type Why, why, type WhyQuestion, WITHIN } from './why.js'

// Milliseconds. What happened earlier concerns an answer only through the version that was served,
// and what happened later only as the write that changed it.
const LOOK_BACK = 3_600_000
const LOOK_AHEAD = 600_000
const MOST_EVENTS = 20_000
// Milliseconds for which a question about the last moments waits for the reports of instances,
// which come each second, and between two looks at them.
const REPORTS = 2500
const LOOK_AGAIN = 100

/**
 * Reads a journal and explains why a client saw a version of a response. A question about the last
 * moments waits up to 2.5 s until each instance has reported.
 * @throws MetricsError WEIR_METRICS_INVALID_QUESTION; the store's error
 */
export async function askWhy (
  store: JournalStore,
  namespace: string,
  question: WhyQuestion,
  now = Date.now()
): Promise<Why> {
  checkQuestion(question)
  const { at, within = WITHIN } = question
  await reportsTo(Math.min(now, at + within), store, namespace)
  const [secret, coverage] =
    await Promise.all([store.secret(namespace), store.coverage(namespace)])
  const url = new UrlMatcher(question.url, coverage.runs, secret)
  const limits = { most: MOST_EVENTS }
  const range = { from: at - LOOK_BACK, to: at + LOOK_AHEAD }
  const near = { from: at - within, to: at + within }
  const search = async (keys?: ReadonlySet<string>): Promise<Found> => {
    const isWanted = aboutUrl(url, keys)
    const found = await searchJournal(store, namespace, range, isWanted, limits)
    if (found.isComplete) return found
    // A search that ran out of time began an hour earlier, and may not have come to the question.
    const { events } = await searchJournal(store, namespace, near, isWanted, limits)
    const others = found.events.filter((event) => !isWithin(event, near))
    return { events: [...others, ...events].toSorted((a, b) => a.at - b.at), isComplete: false }
  }
  const first = await search()
  // Events of the same key for other URLs matter too: a fill for one is served for another.
  const keys = keysOf(url, first.events)
  const areOwn = first.events.every((event) =>
    (event.kind !== 'filled' && event.kind !== 'served') ||
    url.byKey(event) !== 'other' || !url.has(event))
  const found = areOwn ? first : await search(keys)
  const isWanted = aboutUrl(url, keys)
  const answer = why(
    question, found.events, coverage, now, found.isComplete, secret)
  const { version } = answer.explained ?? {}
  if (version === undefined || version.fill !== undefined) return answer
  // The version is older: its fill is at its own time.
  const filledAt = version.facts?.storedAt ?? Math.floor(version.stamp / 1000)
  const around = { from: filledAt - AROUND, to: filledAt + AROUND }
  const isFill = (event: Recorded) =>
    event.kind === 'filled' && event.version.stamp === version.stamp && isWanted(event)
  const fills = await searchJournal(store, namespace, around, isFill, limits)
  if (fills.events.length === 0) return answer
  const events = [...fills.events, ...found.events]
  return why(question, events, coverage, now, found.isComplete, secret)
}

const AROUND = 10_000

/** Waits, within a bound, until each live instance has reported up to a time. */
async function reportsTo (time: number, store: JournalStore, namespace: string): Promise<void> {
  const end = performance.now() + REPORTS
  while (performance.now() < end) {
    const { runs } = await store.coverage(namespace)
    const now = Date.now()
    if (runs.every((run) => run.coveredTo >= time || !isLive(run, runs, now))) return
    await setTimeout(LOOK_AGAIN)
  }
}

function checkQuestion (question: WhyQuestion): void {
  const { at, within = 0, client } = question ?? {}
  checkTime('at', at)
  const refuse = (problem: string) =>
    new MetricsError('WEIR_METRICS_INVALID_QUESTION', problem)
  if (!Number.isFinite(within) || within < 0) {
    throw refuse(`within ${String(within)} is no time: use a number of ms of 0 or more`)
  }
  if (client !== undefined && (typeof client !== 'string' || client === '')) {
    throw refuse('client is empty or no text: use a name such as user:alice, or leave it out')
  }
}
