import type {
  FilledEvent, InvalidatedEvent, Recorded, ServedEvent, VersionFacts, WrittenEvent
} from './event.js'
import { tagOfKey } from './names.js'
import { keysOf } from './search.js'
import type { UrlMatcher } from './url-matcher.js'

/** A version of a response, as far as the journal knows it. */
export interface KnownVersion {
  readonly stamp: number
  readonly key: string
  /** Undefined if the journal has neither its fill nor a description. */
  readonly facts: VersionFacts | undefined
  readonly fill: Recorded<FilledEvent> | undefined
}

/** The invalidation that ended a version, and the write that caused it, if one did. */
export interface Ending {
  readonly invalidation: Recorded<InvalidatedEvent>
  readonly write: Recorded<WrittenEvent> | undefined
}

// Milliseconds by which clocks of instances may differ.
export const CLOCK = 100

/** The events of a journal that concern one URL, by what they are. */
export class History {
  readonly served: readonly Recorded<ServedEvent>[]
  readonly fills: readonly Recorded<FilledEvent>[]
  readonly writes: readonly Recorded<WrittenEvent>[]
  readonly invalidations: readonly Recorded<InvalidatedEvent>[]
  /** Keys of which a request was surely one of the URL: its other requests may be counted. */
  readonly #same: ReadonlySet<string>
  readonly #url: UrlMatcher
  readonly #facts = new Map<string, VersionFacts>()

  constructor (events: readonly Recorded[], url: UrlMatcher) {
    const keys = keysOf(url, events)
    this.#url = url
    this.#same = keysOf(url, events, true)
    const isServed = (event: Recorded): event is Recorded<ServedEvent> => event.kind === 'served'
    // Requests that were only counted have no URL: those of the key count.
    this.served = events.filter(isServed).filter((event) =>
      url.has(event) || (event.request === undefined && keys.has(event.key)))
    this.fills = events.filter(
      (event): event is Recorded<FilledEvent> =>
        event.kind === 'filled' && keys.has(event.version.key))
    this.writes = events.filter(
      (event): event is Recorded<WrittenEvent> => event.kind === 'written')
    this.invalidations = events
      .filter((event): event is Recorded<InvalidatedEvent> => event.kind === 'invalidated')
      .toSorted((a, b) => a.stamp - b.stamp)
    const described = events.filter(isServed).filter(({ key }) => keys.has(key))
    for (const { version } of [...described, ...this.fills]) {
      if (version !== undefined) this.#facts.set(`${version.stamp} ${version.key}`, version)
    }
  }

  /** Returns whether a request is surely one of the URL, rather than of one that looks like it. */
  isSame (served: Recorded<ServedEvent>): boolean {
    return this.#url.of(served) === 'same' ||
      (served.request === undefined && this.#same.has(served.key))
  }

  /** Returns the version that a request was answered with; undefined if none was stored. */
  versionOf (served: Recorded<ServedEvent>): KnownVersion | undefined {
    const { key, stamp, run, request } = served
    if (stamp !== undefined) {
      return {
        key,
        stamp,
        facts: this.#facts.get(`${stamp} ${key}`),
        fill: this.fills.find(({ version }) => version.stamp === stamp && version.key === key)
      }
    }
    const fill = this.fills.find((fill) =>
      fill.run === run && request !== undefined && fill.request.id === request.id)
    return fill && {
      key: fill.version.key, stamp: fill.version.stamp, facts: fill.version, fill
    }
  }

  /** Returns the latest known version of a key, or one without facts. */
  latestOf (key: string): KnownVersion {
    const facts = [...this.#facts.values()]
      .filter((version) => version.key === key)
      .reduce<VersionFacts | undefined>(
        (latest, next) => latest === undefined || next.stamp > latest.stamp ? next : latest,
        undefined)
    return { key, stamp: facts?.stamp ?? 0, facts, fill: undefined }
  }

  /** Returns the first invalidation that ended a version. */
  endingOf (version: KnownVersion): Ending | undefined {
    const invalidation = this.invalidations.find(
      ({ stamp, tags }) => stamp > version.stamp && concerns(tags, version))
    return invalidation && { invalidation, write: this.#writeOf(invalidation, version) }
  }

  /** Returns the writes to a version's tags in the order of their invalidations. */
  writesTo (version: KnownVersion): Recorded<WrittenEvent>[] {
    return this.writes
      .filter(({ tags }) => tags.length > 0 && concerns(tags, version))
      .toSorted((a, b) => a.since - b.since)
  }

  /** Returns the next stored version of the same key. */
  nextFill ({ key, stamp }: KnownVersion): Recorded<FilledEvent> | undefined {
    return this.fills
      .filter(({ version }) => version.key === key && version.stamp > stamp)
      .toSorted((a, b) => a.version.stamp - b.version.stamp)[0]
  }

  /**
   * The instance of a write records both in one process, one within the other. An outbox may have
   * delivered it later, or from another instance.
   */
  #writeOf (
    invalidation: Recorded<InvalidatedEvent>,
    version: KnownVersion
  ): Recorded<WrittenEvent> | undefined {
    const { at, run, tags } = invalidation
    const candidates = this.writesTo(version).filter((write) => sharesTag(write.tags, tags))
    return candidates.find((write) =>
      write.run === run && write.since - 1 <= at && at <= write.at + 1) ??
      candidates.find((write) =>
        write.since - CLOCK <= at && at <= write.at + CLOCK) ??
      candidates.findLast((write) => write.outcome === 'queued' && write.since - CLOCK <= at)
  }
}

const sharesTag = (some: readonly string[], others: readonly string[]) =>
  some.length === 0 || others.length === 0 || some.some((tag) => others.includes(tag))

/** Returns whether an invalidation of these tags ends a version. */
function concerns (tags: readonly string[], { key, facts }: KnownVersion): boolean {
  return tags.length === 0 ||
    tags.includes(tagOfKey(key)) ||
    (facts !== undefined && facts.tags.some((tag) => tags.includes(tag)))
}
