import type { ServedEvent, ServedOutcome } from './event.js'

/** A request that was answered with a stored response or by its handler. */
export interface Served extends Omit<ServedEvent, 'kind' | 'count' | 'clients' | 'hasMoreClients'> {
  readonly outcome: ServedOutcome
}

/** Many requests answered with one version by one outcome, within a second. */
export interface Further {
  readonly key: string
  readonly stamp: number | undefined
  readonly outcome: ServedOutcome
  readonly began: number
  at: number
  count: number
  readonly clients: Set<string>
  hasMoreClients: boolean
  readonly facts: Omit<Served, 'key' | 'stamp' | 'outcome' | 'began' | 'at' | 'status' | 'request'>
}

const NONE: readonly Further[] = []
const MOST_CLIENTS = 16
// Different versions and outcomes that one second has, before requests are only counted.
const MOST = 500

/** Counts requests of one second by version and outcome, when there are too many to record each. */
export class FurtherRequests {
  #byKey = new Map<string, Further[]>()
  #size = 0
  /** Requests that were not counted by version. */
  #lost = 0
  #lostFrom = 0
  #lostTo = 0

  /** When its first request arrived; undefined while it is empty. */
  get began (): number | undefined {
    let began: number | undefined = this.#lost > 0 ? this.#lostFrom : undefined
    for (const list of this.#byKey.values()) {
      for (const further of list) {
        if (began === undefined || further.began < began) began = further.began
      }
    }
    return began
  }

  /** Counts a request; returns false if its version has not been seen in this second. */
  count (
    key: string,
    stamp: number | undefined,
    outcome: ServedOutcome,
    at: number,
    client: string | undefined
  ): boolean {
    for (const further of this.#byKey.get(key) ?? NONE) {
      if (further.stamp !== stamp || further.outcome !== outcome) continue
      further.count++
      further.at = at
      addClient(further, client)
      return true
    }
    return false
  }

  /**
   * Begins to count the requests of a version.
   * @param name the key that `count` gets, which the event may have in another form
   */
  begin (name: string, served: Served): void {
    const { key, stamp, outcome, began, at, status: _, request, ...facts } = served
    if (this.#size === MOST) {
      if (this.#lost++ === 0) this.#lostFrom = began
      this.#lostTo = at
      return
    }
    this.#size++
    const clients = new Set<string>()
    const further =
      { key, stamp, outcome, began, at, count: 1, clients, hasMoreClients: false, facts }
    addClient(further, request?.client)
    const list = this.#byKey.get(name)
    if (list === undefined) this.#byKey.set(name, [further])
    else list.push(further)
  }

  /** Returns an event for each version, and how many requests have none; then it is empty. */
  take (): {
    events: ServedEvent[]
    lost: { readonly count: number, readonly began: number, readonly at: number } | undefined
  } {
    const events = [...this.#byKey.values()].flat().map(eventOf)
    const lost = this.#lost === 0
      ? undefined
      : { count: this.#lost, began: this.#lostFrom, at: this.#lostTo }
    this.#byKey = new Map()
    this.#size = this.#lost = 0
    return { events, lost }
  }
}

function addClient (further: Further, client: string | undefined): void {
  if (client === undefined || further.clients.has(client)) return
  if (further.clients.size < MOST_CLIENTS) further.clients.add(client)
  else further.hasMoreClients = true
}

const eventOf = (
  { key, stamp, outcome, began, at, count, clients, hasMoreClients, facts }: Further
): ServedEvent => ({
  kind: 'served',
  at,
  began,
  outcome,
  key,
  ...(stamp !== undefined && { stamp }),
  ...facts,
  count,
  clients: [...clients],
  ...(hasMoreClients && { hasMoreClients })
})

/** Versions that this process has described to the journal, for a while. */
export class DescribedVersions {
  #stamps = new Map<string, number>()
  #since = 0

  /** Returns whether the version is to be described now. */
  isNext (key: string, stamp: number, at: number): boolean {
    if (at - this.#since > DESCRIBE_AGAIN || this.#stamps.size > MOST_DESCRIBED) {
      this.#stamps = new Map()
      this.#since = at
    }
    if (this.#stamps.get(key) === stamp) return false
    this.#stamps.set(key, stamp)
    return true
  }
}

// Milliseconds after which versions are described again, so that a journal that has forgotten the
// first description knows them.
const DESCRIBE_AGAIN = 300_000
const MOST_DESCRIBED = 2000
