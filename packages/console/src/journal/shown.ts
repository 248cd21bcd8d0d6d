import {
  clientsOf, describe, type KnownVersion, type Recorded, urlOf, type Why, withoutMark
} from '@weir/metrics/journal'

/** Returns an event as the API has it. */
export function shownEvent (event: Recorded) {
  const request = 'request' in event ? event.request : undefined
  const version = 'version' in event ? event.version : undefined
  const key = event.kind === 'served' ? event.key : version?.key
  return {
    kind: event.kind,
    at: event.at,
    began: 'began' in event ? event.began : null,
    instance: event.instance,
    text: [...describe(event)],
    key: key ?? null,
    url: key === undefined ? null : urlOf(key),
    stamp: stampOf(event),
    etag: (event.kind === 'served' ? event.etag : undefined) ?? version?.etag ?? null,
    outcome: 'outcome' in event ? event.outcome : null,
    status: ('status' in event ? event.status : undefined) ?? null,
    count: ('count' in event ? event.count : undefined) ?? 1,
    request: request === undefined
      ? null
      : { ...request, trace: request.trace ?? null, client: request.client ?? null },
    clients: [...clientsOf(event)],
    tags: tagsOf(event).map(withoutMark)
  }
}

export type ShownEvent = ReturnType<typeof shownEvent>

function stampOf (event: Recorded): number | null {
  switch (event.kind) {
    case 'filled': return event.version.stamp
    case 'served': return event.stamp ?? null
    case 'invalidated': return event.stamp
    default: return null
  }
}

const tagsOf = (event: Recorded): readonly string[] =>
  'tags' in event ? event.tags : 'version' in event ? event.version?.tags ?? [] : []

/** Returns an answer as the API has it. */
export function shownWhy (answer: Why) {
  const { cause, conclusion, isCertain, gaps, served, explained, timeline } = answer
  const { version, write, ending } = explained ?? {}
  const shown = (event: Recorded | undefined) => event === undefined ? null : shownEvent(event)
  return {
    cause,
    conclusion: [...conclusion],
    certain: isCertain,
    gaps: gaps.map(({ text, ...gap }) => ({ ...gap, text: [...text] })),
    served: shown(served),
    version: version === undefined ? null : shownVersion(version),
    fill: shown(version?.fill),
    write: shown(write),
    invalidation: shown(ending?.invalidation),
    timeline: timeline.map(({ event, text, isDecisive }) =>
      ({ ...shownEvent(event), text: [...text], decisive: isDecisive }))
  }
}

const shownVersion = ({ key, stamp, facts }: KnownVersion) => ({
  key,
  stamp,
  etag: facts?.etag ?? null,
  filledBy: facts?.filledBy ?? null,
  storedAt: facts?.storedAt ?? null,
  freshUntil: facts?.freshUntil ?? null,
  staleUntil: facts?.staleUntil ?? null,
  cacheControl: facts?.cacheControl ?? null,
  tags: (facts?.tags ?? []).map(withoutMark)
})
