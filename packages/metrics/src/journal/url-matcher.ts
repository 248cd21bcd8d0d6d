import type { FilledEvent, Recorded, ServedEvent } from './event.js'
import { askedUrl, keyIn, originOf, pathOf, urlOf } from './names.js'
import { bounded, isMerged, keyName, LONGEST, redactor } from './redact.js'
import type { JournalRun } from './store.js'

/** `alike`: the same, or another that differs in what was not recorded. */
export type Likeness = 'same' | 'alike' | 'other'

type OfResponse = Recorded<FilledEvent> | Recorded<ServedEvent>

/**
 * Finds the events of a URL: scheme and host count if the question has them, and the query if it
 * has one. The URL is redacted as each process does it, and compared then. Where a hash is missing,
 * or its key is unknown, only the places of removed values are compared.
 * @throws MetricsError WEIR_METRICS_INVALID_QUESTION
 * @param secret key of the hashes in the store
 */
export class UrlMatcher {
  readonly #origin: string
  readonly #path: string
  readonly #hasQuery: boolean
  readonly #runs: ReadonlyMap<string, JournalRun>
  readonly #secret: string | undefined
  readonly #keyName: string | undefined
  readonly #forms = new Map<string, Forms>()

  constructor (url: string, runs: readonly JournalRun[] = [], secret?: string) {
    const asked = askedUrl(url)
    this.#origin = originOf(asked)
    this.#path = pathOf(asked)
    this.#hasQuery = /[?#]/.test(asked)
    this.#runs = new Map(runs.map((run) => [run.run, run]))
    this.#secret = secret
    this.#keyName = secret === undefined ? undefined : keyName(secret)
  }

  /** Returns whether an event is one of the URL by its key alone. */
  byKey (event: OfResponse): Likeness {
    const name = urlOf(keyIn(event))
    return this.#compare(name, originOf(name), event.run, LONGEST - originOf(name).length)
  }

  /**
   * Returns whether an event is one of the URL by its key or by its request: a route's own key
   * function may hide the URL.
   */
  of (event: OfResponse): Likeness {
    const byKey = this.byKey(event)
    if (byKey === 'same' || event.request === undefined) return byKey
    const origin = originOf(urlOf(keyIn(event)))
    const byRequest = this.#compare(event.request.url, origin, event.run, LONGEST)
    return byRequest === 'other' ? byKey : byRequest
  }

  has (event: OfResponse): boolean {
    return this.of(event) !== 'other'
  }

  #compare (url: string, origin: string, run: string, longest: number): Likeness {
    if (this.#origin !== '' && this.#origin !== origin) return 'other'
    const path = pathOf(url)
    const recorded = this.#hasQuery ? path : path.replace(/[?#].*$/s, '')
    return likeness(this.#formsOf(run), recorded, longest)
  }

  #formsOf (run: string): Forms {
    const known = this.#forms.get(run)
    if (known !== undefined) return known
    const { redact = [], hashKey } = this.#runs.get(run) ?? {}
    const isKnown = hashKey !== undefined && hashKey === this.#keyName
    const forms = formsOf(this.#path, redact, isKnown ? this.#secret : undefined)
    this.#forms.set(run, forms)
    return forms
  }
}

/** A URL as a process may have recorded it. */
interface Forms {
  readonly plain: string
  /** Each removed value is `[redacted]`. */
  readonly merged: string
  /** Undefined if the key of the hashes is unknown. */
  readonly hashed: string | undefined
  readonly bounded: string | undefined
}

function formsOf (plain: string, names: readonly string[], secret: string | undefined): Forms {
  // A URL of the console's has been redacted.
  if (plain.includes('[redacted')) return { plain, merged: plain, hashed: plain, bounded: plain }
  const merged = redactor(names)(plain)
  if (secret === undefined) return { plain, merged, hashed: undefined, bounded: undefined }
  const redact = redactor(names, () => secret)
  return { plain, merged, hashed: redact(plain), bounded: bounded(redact, plain) }
}

const MARKS = /\[redacted(?: [\w-]+)?\]/g
const MARK_AT_END = /^\[redacted(?: [\w-]+)?\]$/

/** @param longest length from which on a mark at the end stands for all of the rest */
function likeness (forms: Forms, recorded: string, longest: number): Likeness {
  const { plain, merged, hashed } = forms
  if ([plain, hashed, forms.bounded].includes(recorded)) {
    return isMerged(recorded) ? 'alike' : 'same'
  }
  const isCut = MARK_AT_END.test(recorded.slice(Math.max(0, longest)))
  const whole = isCut ? recorded.slice(0, Math.max(0, longest)) : recorded
  if (hashed !== undefined && !isMerged(recorded)) {
    return isCut && hashed.startsWith(whole) ? 'alike' : 'other'
  }
  const places = whole.replace(MARKS, '[redacted]')
  if (!isCut) return places === merged ? hasMarks(recorded) ? 'alike' : 'same' : 'other'
  // The cut may be within a mark.
  const open = places.lastIndexOf('[')
  const sure = open > places.lastIndexOf(']') ? places.slice(0, open) : places
  return merged.startsWith(sure) ? 'alike' : 'other'
}

const hasMarks = (text: string) => text.includes('[redacted')
