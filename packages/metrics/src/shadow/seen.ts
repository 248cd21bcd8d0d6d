import { type Comparisons } from './finding.js'

/** Request and response, as far as they are compared. Hashes of bodies and users, no contents. */
export interface Observation {
  /** When the handler was called, and when the response was complete, ms. */
  readonly start: number
  readonly end: number
  /** Hash of the body. */
  readonly body: number
  /** Hash of the credentials of the request; 0 without any. */
  readonly user: number
  /** Hashes of the request headers that may matter, in the order of their names. */
  readonly headers: readonly number[]
}

/** Latest response to requests with the same headers of the same user. */
interface Slot {
  latest: Observation
  /** End of the first of the responses in a row that had the latest body. */
  since: number
  /** Number of responses in that row. */
  run: number
  /** Body before that, and the end of the last response that had it. */
  before: number | undefined
  left: number
}

/** Result of a comparison with the previous response to the same request. */
export interface Change {
  /** Start of the interval: the previous response was complete. */
  readonly from: number
  readonly isChanged: boolean
  /** Whether the body is the one before the previous. */
  readonly isBack: boolean
  /**
   * End of the last response before one or two with another body, if the earlier body is back.
   * Changes over time last for longer, or follow a write since then.
   */
  readonly briefFrom: number | undefined
}

// Combinations of headers and user that are kept for each URL.
const MOST_SLOTS = 6
// Responses in a row with another body that are too few for a change over time.
const BRIEF = 2
// Comparisons with the same body after which a header counts as irrelevant.
const ACQUITTED = 3
// Proofs against several headers at once after which all of them count as the cause.
const PATIENCE = 10

/** Mutable comparisons. */
export type Tally = { -readonly [Name in keyof Comparisons]: Comparisons[Name] }
export const emptyTally = (): Tally => ({ same: 0, differ: 0, proven: 0 })

/** Evidence of a route: properties of requests by which its responses differ. */
export class Evidence {
  readonly users = { ...emptyTally(), unclear: 0 }
  /** Comparisons by header, in the order of the names. */
  readonly headers: Tally[] = []
  /** Headers by which responses are known to vary. Pairs that differ in one of them say nothing. */
  readonly known = new Set<number>()
  /** Number of proofs against several headers at once. */
  #unclear = 0

  tally (header: number): Tally {
    return (this.headers[header] ??= emptyTally())
  }

  /**
   * Takes a pair of responses into account.
   * @returns whether a header became known
   */
  compare (a: Observation, b: Observation, isProof: boolean): boolean {
    const differing: number[] = []
    for (let i = 0; i < Math.max(a.headers.length, b.headers.length); i++) {
      if ((a.headers[i] ?? 0) === (b.headers[i] ?? 0)) continue
      if (this.known.has(i)) return false
      differing.push(i)
    }
    const isSame = a.body === b.body
    const isOther = a.user !== b.user
    if (isProof) return this.#prove(differing, isOther)
    // The same body acquits everything that differs; a different one is evidence against the user
    // in any case, and against a header if nothing else differs.
    if (isOther) this.users[isSame ? 'same' : 'differ']++
    if (isSame) for (const i of differing) this.tally(i).same++
    const [only] = differing
    if (!isSame && !isOther && only !== undefined && differing.length === 1) {
      this.tally(only).differ++
    }
    return false
  }

  /** Finds the cause of a difference that is not a change over time. */
  #prove (differing: readonly number[], isOther: boolean): boolean {
    const suspects = differing.filter((i) => {
      const { same, proven } = this.tally(i)
      return proven > 0 || same < ACQUITTED
    })
    if (isOther) {
      if (suspects.length === 0) this.users.proven++
      else this.users.unclear++
      return false
    }
    // Several headers may be the cause: further comparisons may acquit some of them.
    if (suspects.length > 1 && ++this.#unclear < PATIENCE) return false
    for (const i of suspects.length > 0 ? suspects : differing) {
      this.tally(i).proven++
      this.known.add(i)
    }
    if (differing.length > 0) this.users.unclear = 0
    return differing.length > 0
  }
}

/** Latest responses for one URL, by headers and user, within bounds. */
export class Seen {
  readonly #slots: Slot[] = []

  /**
   * Compares a response with the earlier ones.
   * @returns the change since the previous response to the same request, if there was one; and
   *   whether a header was found by which responses vary
   */
  add (observation: Observation, evidence: Evidence): { change?: Change, isNews: boolean } {
    const index = this.#slots.findIndex(({ latest }) => isSameRequest(latest, observation))
    const slot = this.#slots[index]
    let isNews = false
    const other = this.#slots.findLast((one) => one !== slot && one.latest.end <= observation.start)
    if (other !== undefined) isNews = evidence.compare(other.latest, observation, false)
    if (slot === undefined) {
      this.#slots.push({
        latest: observation, since: observation.end, run: 1, before: undefined, left: 0
      })
      if (this.#slots.length > MOST_SLOTS) this.#slots.shift()
      return { isNews }
    }
    const { latest, since, run, before, left } = slot
    // Responses that overlap in time have no order.
    if (latest.end > observation.start) return { isNews }
    const isChanged = latest.body !== observation.body
    if (!isChanged) {
      const between = this.#slots.find(({ latest: { start, end, body } }) =>
        start >= since && end <= observation.start && body !== observation.body)
      if (between !== undefined) {
        isNews = evidence.compare(between.latest, observation, true) || isNews
      }
    }
    const isBack = isChanged && before === observation.body
    // The most recently used slot is the last one.
    this.#slots.splice(index, 1)
    this.#slots.push({
      latest: observation,
      since: isChanged ? observation.end : since,
      run: isChanged ? 1 : run + 1,
      before: isChanged ? latest.body : before,
      left: isChanged ? latest.end : left
    })
    const briefFrom = isBack && run <= BRIEF ? left : undefined
    return { change: { from: latest.end, isChanged, isBack, briefFrom }, isNews }
  }
}

function isSameRequest (a: Observation, b: Observation): boolean {
  if (a.user !== b.user) return false
  for (let i = 0; i < Math.max(a.headers.length, b.headers.length); i++) {
    if ((a.headers[i] ?? 0) !== (b.headers[i] ?? 0)) return false
  }
  return true
}
