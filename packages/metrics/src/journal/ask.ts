import type { Recorded } from './event.js'
import { aboutUrl, searchJournal } from './search.js'
import type { JournalStore } from './store.js'
import { type Why, why, type WhyQuestion } from './why.js'

// Milliseconds. What happened earlier concerns an answer only through the version that was served,
// and what happened later only as the write that changed it.
const LOOK_BACK = 3_600_000
const LOOK_AHEAD = 600_000
const MOST_EVENTS = 20_000

/** Reads a journal and explains why a client saw a version of a response. */
export async function askWhy (
  store: JournalStore,
  namespace: string,
  question: WhyQuestion,
  now = Date.now()
): Promise<Why> {
  const { at, url } = question
  const isWanted = aboutUrl(url)
  const limits = { most: MOST_EVENTS }
  const [found, coverage] = await Promise.all([
    searchJournal(
      store, namespace, { from: at - LOOK_BACK, to: at + LOOK_AHEAD }, isWanted, limits),
    store.coverage(namespace)
  ])
  const answer = why(question, found.events, coverage, now, found.isComplete)
  const { version } = answer.explained ?? {}
  if (version === undefined || version.fill !== undefined) return answer
  // The version is older: its fill is at its own time.
  const filledAt = version.facts?.storedAt ?? Math.floor(version.stamp / 1000)
  const around = { from: filledAt - AROUND, to: filledAt + AROUND }
  const isFill = (event: Recorded) =>
    event.kind === 'filled' && event.version.stamp === version.stamp && isWanted(event)
  const fills = await searchJournal(store, namespace, around, isFill, limits)
  if (fills.events.length === 0) return answer
  return why(question, [...fills.events, ...found.events], coverage, now, found.isComplete)
}

const AROUND = 10_000
