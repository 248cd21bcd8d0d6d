import type { Explained } from './cause.js'
import type { Recorded, RequestFacts, ServedEvent, WrittenEvent } from './event.js'
import { CLOCK, type KnownVersion } from './history.js'
import { lasting, say, type Text } from './text.js'

/** Returns a request as a reader recognizes it. */
export const requestText = ({ method, url, id, client }: RequestFacts): string =>
  `${method} ${url} (request ${id}${client === undefined ? '' : `, ${client}`})`

const writeText = (write: WrittenEvent): string =>
  `${write.request.method} ${write.request.url} by ${write.request.client ?? 'an unknown client'}`

/** Returns when a version was stored, by which instance, for which request. */
function versionText ({ stamp, facts, fill }: KnownVersion): Text {
  if (facts === undefined) return say`computed at about ${{ at: Math.floor(stamp / 1000) }}`
  const request = fill === undefined
    ? ''
    : fill.isRefill ? ' in the background' : ` for ${requestText(fill.request)}`
  return say`computed by ${facts.filledBy} at ${{ at: facts.storedAt }}${request}`
}

/** Explains in plain English why a request was answered with its version. */
export function sentenceOf (served: Recorded<ServedEvent>, explained: Explained): Text {
  const { clocks, order } = explained
  if (clocks === undefined && order !== undefined) {
    return say`Probably: ${reasonOf(served, explained)} Only the clocks of ${order.one} and ${order.other} tell the order of events that are ${lasting(order.apart)} apart, and clocks may differ by ${lasting(CLOCK)}.`
  }
  return clocks === undefined
    ? reasonOf(served, explained)
    : say`${reasonOf(served, explained)} But the clocks of ${clocks.ahead} and ${clocks.behind} disagree, by ${lasting(clocks.by)} or more: an event is later than one that it came before, so this may be wrong.`
}

function reasonOf (served: Recorded<ServedEvent>, explained: Explained): Text {
  const { version, ending, write } = explained
  const which = version === undefined ? say`the response` : say`the version ${versionText(version)}`
  const source = sourceOf(served)
  const asked = ending?.invalidation.request
  const by = write !== undefined
    ? say`${writeText(write)}`
    : asked === undefined ? say`an invalidation` : say`the invalidation ${requestText(asked)}`
  switch (explained.cause) {
    case 'not-cached':
      if (served.reason === undefined && (served.status ?? 0) >= 400) {
        return say`The cache had no response for it: ${served.instance} answered with status ${served.status ?? 0}, by a hook, or because the client accepts only a stored response.`
      }
      return say`The cache had no part in it: the handler on ${served.instance} computed the response for this request alone${served.reason === undefined ? '' : ` (${served.reason})`}.`
    case 'computed':
      return say`The handler on ${served.instance} computed the response for this request, from the data of that moment.`
    case 'computed-before-write':
      return say`The handler on ${served.instance} had begun before ${by} reached the cache at ${{ at: write?.since ?? 0 }}, so it may have read the old data. The response was not shared after the write.`
    case 'current':
      return say`It was the current version: ${source} served ${which}, and nothing has changed it since.`
    case 'before-write': {
      const at = write?.since ?? ending?.invalidation.at ?? served.at
      return say`It was still the current version: ${source} served ${which}, and ${by} changed it ${lasting(Math.max(0, at - served.began))} later, at ${{ at }}.`
    }
    case 'before-acknowledged':
      return write === undefined
        ? say`The invalidation was only just under way: ${source} served ${which} within a second of it.`
        : say`The write was not acknowledged yet: ${source} served ${which} while ${by} was under way, from ${{ at: write.began }} to ${{ at: write.at }}. Only requests that begin after the answer are promised the new version.`
    case 'bounded':
      return say`The route of the write asks for bounded consistency: ${by} was acknowledged at ${{ at: write?.at ?? 0 }}, and ${source} served ${which} ${lasting(served.began - (write?.at ?? 0))} later, before it had heard the invalidation.`
    case 'outbox-behind': {
      const from = write?.at ?? served.at
      const behind = ending === undefined
        ? say`was still waiting in the outbox`
        : say`reached the store only ${lasting(ending.invalidation.at - from)} later, at ${{ at: ending.invalidation.at }}`
      return say`The outbox was behind: ${by} was answered at ${{ at: from }}, and its invalidation ${behind}. Meanwhile ${source} served ${which}.`
    }
    case 'invalidation-failed':
      return say`The invalidation had failed: ${by} was answered with status ${write?.status ?? 503} at ${{ at: write?.at ?? 0 }}, because the store could not be told. ${capital(source)} served ${which}.`
    case 'stale-while-revalidate':
      return say`It was served stale, within its stale-while-revalidate window: ${source} served ${which}, which was fresh until ${{ at: version?.facts?.freshUntil ?? 0 }}, while a new one was computed in the background.`
    case 'stale-if-error':
      return say`The handler failed, and the route allows an old response in place of an error (stale-if-error): ${source} served ${which}.`
    case 'outage':
      return say`The shared store did not answer, and the route serves old responses in an outage: ${source} served ${which}, without knowing of later changes.`
    case 'not-told':
      return say`The cache was not told of the change: ${source} served ${which} until it expired, and the next fill differed although nothing had invalidated it. The data was changed without an invalidation, for example by a job or directly in the database.`
    case 'unexplained':
      return say`This must not happen: ${source} served ${which} after ${by} had ended it${write === undefined ? '' : say` and was acknowledged at ${{ at: write.at }}`}. Compare the clocks of ${served.instance} and ${write?.instance ?? ending?.invalidation.instance ?? 'the others'}; if they agree, report it as a bug.`
  }
}

const SOURCES: Readonly<Record<ServedEvent['outcome'], string>> = {
  l1: 'the memory of',
  l2: 'the shared store, through',
  coalesced: 'a fill that the request waited for, on',
  stale: 'the cache of',
  miss: 'the handler of',
  bypass: 'the handler of'
}
const sourceOf = ({ outcome, instance }: Recorded<ServedEvent>): string =>
  `${SOURCES[outcome]} ${instance}`

const capital = (text: string) => text.charAt(0).toUpperCase() + text.slice(1)
