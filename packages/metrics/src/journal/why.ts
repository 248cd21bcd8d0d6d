import { explain, explainWithOrder, type Explained, type ServedCause } from './cause.js'
import type { Recorded, ServedEvent } from './event.js'
import { gapsBetween, type JournalGap } from './gaps.js'
import { History } from './history.js'
import { isMerged } from './redact.js'
import { clientsOf, isClient } from './search.js'
import { requestText, sentenceOf } from './sentence.js'
import type { JournalCoverage } from './store.js'
import { lasting, say, type Text } from './text.js'
import { timelineOf } from './timeline.js'
import { UrlMatcher } from './url-matcher.js'

/** A question about a response. */
export interface WhyQuestion {
  /** Path and query, perhaps with scheme and host. */
  readonly url: string
  readonly client?: string | undefined
  /** When the response was seen, ms since 1970. */
  readonly at: number
  /** Milliseconds before and after in which a request counts as the one that is meant. */
  readonly within?: number
}

/**
 * Reason for what a client saw: that of a served request, or, if there was no request:
 *
 * - `client-cache`: the client's own cache, or one on the way, may reuse an earlier response
 * - `no-request`: no request, and no earlier response that may be reused
 * - `no-request-recorded`: requests were only counted, the journal has a gap, or it has no event of
 *   the URL, as of routes without caching
 */
export type Cause = ServedCause | 'client-cache' | 'no-request' | 'no-request-recorded'

/** One line of the evidence. */
export interface Step {
  readonly at: number
  readonly text: Text
  readonly event: Recorded
  /** Whether the conclusion rests on it. */
  readonly isDecisive: boolean
}

/** The answer to a question, with its evidence. */
export interface Why {
  readonly cause: Cause
  readonly conclusion: Text
  /** False if events that the journal lacks, or differences of clocks, could change it. */
  readonly isCertain: boolean
  readonly gaps: readonly JournalGap[]
  /** The request that the answer is about. */
  readonly served: Recorded<ServedEvent> | undefined
  readonly explained: Explained | undefined
  /** Oldest first. */
  readonly timeline: readonly Step[]
}

export const WITHIN = 30_000

/**
 * Explains why a client saw a version of a response at a time.
 * @param events of the journal, at least those that concern the URL
 * @param isComplete whether these are all
 * @param secret key of the hashes in the store: without it, values that are not recorded are alike
 */
export function why (
  { url, client, at, within = WITHIN }: WhyQuestion,
  events: readonly Recorded[],
  coverage: JournalCoverage,
  now: number,
  isComplete = true,
  secret?: string
): Why {
  const history = new History(events, new UrlMatcher(url, coverage.runs, secret))
  // No event of a later time exists.
  const gapsIn = (from: number, to: number) =>
    gapsBetween(from, Math.min(to, now), coverage, events, now)
  const near = history.served.filter((served) =>
    served.began <= at + within && served.at >= at - within)
  const own = near.filter((served) => client === undefined || isOf(served, client))
  const chosen = choose(own, history, at)
  const timeline = (explained: Explained | undefined, served: Recorded<ServedEvent> | undefined) =>
    timelineOf(history, explained, served, at)
  if (chosen !== undefined) {
    const { served, explained } = chosen
    const from = explained.version?.facts?.storedAt ?? served.began - within
    const gaps = gapsIn(from, served.at)
    const isWhole = gaps.length === 0 && isComplete
    const isSafe = explained.clocks === undefined && explained.order === undefined &&
      (!RESTS_ON_ABSENCE.has(explained.cause) || isWhole) &&
      chosen.isSame && !isMerged(served.key)
    return {
      cause: explained.cause,
      conclusion: sentenceOf(served, explained),
      isCertain: isSafe,
      gaps,
      served,
      explained,
      timeline: timeline(explained, served)
    }
  }
  const before = history.served.findLast((served) =>
    served.at < at && (client === undefined || isOf(served, client)))
  const gaps = gapsIn(at - within, at + within)
  const wereCounted = near.some(({ hasMoreClients }) => hasMoreClients === true)
  const isUnheard = history.served.length === 0 && history.fills.length === 0
  const isKnown = gaps.length === 0 && isComplete && !wereCounted && !isUnheard
  const reuse = before && reuseOf(before, history, at)
  const cause = reuse !== undefined ? 'client-cache' : isKnown ? 'no-request' : 'no-request-recorded'
  return {
    cause,
    conclusion: [...noRequest(cause, at, within, wereCounted, isUnheard), ...reuse ?? []],
    isCertain: isKnown,
    gaps,
    served: before,
    explained: before && explain(history, before),
    timeline: timeline(before && explain(history, before), before)
  }
}

const RESTS_ON_ABSENCE: ReadonlySet<Cause> = new Set([
  'current', 'before-write', 'not-told', 'unexplained', 'computed', 'not-cached'
])

const isOf = (served: Recorded<ServedEvent>, client: string) =>
  clientsOf(served).some((name) => isClient(name, client))

/**
 * Chooses the request that is meant: rather one that surely is of the URL, then one that got an old
 * version, and then the one nearest in time.
 */
function choose (
  candidates: readonly Recorded<ServedEvent>[],
  history: History,
  at: number
): { served: Recorded<ServedEvent>, explained: Explained, isSame: boolean } | undefined {
  const ranked = candidates
    .map((served) =>
      ({ served, explained: explain(history, served), isSame: history.isSame(served) }))
    .toSorted((a, b) =>
      Number(b.isSame) - Number(a.isSame) ||
      Number(isOld(b.explained)) - Number(isOld(a.explained)) ||
      distance(a.served, at) - distance(b.served, at))
  const [first] = ranked
  return first && { ...first, explained: explainWithOrder(history, first.served) }
}

const isOld = ({ cause }: Explained) => !SEEN_CURRENT.has(cause)
const SEEN_CURRENT: ReadonlySet<Cause> = new Set([
  'current', 'computed', 'not-cached', 'before-write'
])

const distance = ({ began, at: end }: ServedEvent, at: number) =>
  at < began ? began - at : at > end ? at - end : 0

/** Returns how a client, or a cache on its way, may have reused an earlier response. */
function reuseOf (
  before: Recorded<ServedEvent>,
  history: History,
  at: number
): Text | undefined {
  const facts = history.versionOf(before)?.facts
  const seconds = lifetimeIn(facts?.cacheControl)
  if (facts === undefined || seconds === undefined) return undefined
  const until = facts.storedAt + seconds * 1000
  const request = before.request === undefined ? '' : ` to ${requestText(before.request)}`
  return until > at
    ? say` The response${request} at ${{ at: before.at }} was sent with Cache-Control: ${facts.cacheControl ?? ''}, so its client may show it until ${{ at: until }} without asking.`
    : undefined
}

/** Returns the seconds for which clients may reuse a response without asking. */
function lifetimeIn (cacheControl = ''): number | undefined {
  if (/(?:^|[\s,])no-(?:cache|store)(?:$|[\s,])/i.test(cacheControl)) return undefined
  const [, seconds] = /(?:^|[\s,])max-age\s*=\s*"?(\d+)/i.exec(cacheControl) ?? []
  return seconds === undefined || Number(seconds) === 0 ? undefined : Number(seconds)
}

function noRequest (
  cause: Cause,
  at: number,
  within: number,
  wereCounted: boolean,
  isUnheard: boolean
): Text {
  if (isUnheard) {
    return say`No event of this URL is recorded in the hour before ${{ at }}. Routes without caching have no journal: if this is one, requests may have reached the service. Otherwise check the URL: if it has the host of a proxy, ask for its path alone.`
  }
  switch (cause) {
    case 'client-cache':
      return say`No request reached the service within ${lasting(within)} of ${{ at }}: the client's own cache, or one on the way, answered.`
    case 'no-request':
      return say`No request reached the service within ${lasting(within)} of ${{ at }}: the page was loaded earlier, or something before the service answered.`
    default:
      return wereCounted
        ? say`No such request is recorded within ${lasting(within)} of ${{ at }}. There were so many that their clients were only counted.`
        : say`No such request is recorded within ${lasting(within)} of ${{ at }}, and the journal is not complete there.`
  }
}
