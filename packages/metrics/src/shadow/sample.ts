import { type ShadowFinding, type Sign, SIGNS } from './finding.js'
import { Evidence, type Observation, Seen } from './seen.js'
import { emptyCounts, PROBE_EVERY, SimulatedEntry } from './simulation.js'

const DAY = 86_400_000
const ALL = 2 ** 32
// Variants of a URL by headers.
const MOST_VARIANTS = 6
const MOST_HEADERS = 10
const MOST_CARRIED = 8
const MOST_WRITES = 8
// Sampled requests per second beyond which fewer URLs are sampled, down to this number of URLs.
const BUSY = 200
const LEAST_KEYS = 200

/** Request headers by which responses may differ, besides those that responses name in Vary. */
export const VARY_CANDIDATES = [
  'accept',
  'accept-language',
  'accept-encoding',
  'origin',
  'user-agent'
] as const

/** A URL in the sample. */
export interface SampledKey {
  readonly hash: number
  at: number
  /** Time before which no further body is hashed. */
  probeAfter: number
  /** Weight of the requests since the last simulated one that are not simulated yet. */
  repeated: number
  readonly seen: Seen
  /** Simulated entries by the hash of the headers by which responses vary. */
  readonly variants: Map<number, SimulatedEntry>
}

/** A response whose body was hashed. */
export interface Probe extends Omit<Observation, 'body'> {
  /**
   * Hash of the body, or a number for the status of a response that is compared but not cached;
   * undefined for responses that cannot be compared.
   */
  readonly body: number | undefined
  readonly bytes: number
  readonly signs: ReadonlySet<Sign>
  /** Names of request headers in Vary, in lower case, without those that identify users. */
  readonly vary: readonly string[]
}

/**
 * Observes the requests of one route, for a sample of URLs: either all requests for a URL are in
 * the sample, or none. Of the URLs, those whose hash is below a threshold are in it. The threshold
 * is halved when there are too many, so that memory is bounded and all URLs have the same chance
 * ("spatial sampling", as in SHARDS by Waldspurger et al., FAST 2015).
 *
 * It knows no clock: times are ms since 1970, given by the caller.
 */
export class RouteSample {
  /** All requests, counted by the caller. */
  requests = 0
  /** Responses that refused a client, counted by the caller. */
  refused = 0
  #threshold = ALL
  /** End of the current second, and sampled requests in it. */
  #secondEnds = 0
  #inSecond = 0
  #weight = 1
  readonly #keys = new Map<number, SampledKey>()
  readonly #names: string[] = [...VARY_CANDIDATES]
  readonly #declaredVary = new Set<string>()
  readonly #carried = new Set<string>()
  #evidence = new Evidence()
  #counts = emptyCounts()
  #sums = emptySums()
  readonly #signs = Object.fromEntries(SIGNS.map((sign) => [sign, 0])) as Record<Sign, number>
  readonly #writes = new Map<string, [changed: number, unchanged: number]>()

  /**
   * @param route such as `GET /products/:id`
   * @param since start of the observation, ms since 1970
   * @param mostKeys maximum number of URLs in the sample; each takes about 1 KiB
   */
  constructor (readonly route: string, public since: number, public mostKeys = 1000) {}

  /** Names of the request headers that are compared, in lower case. */
  get headers (): readonly string[] {
    return this.#names
  }

  /** Names of request headers in Vary, in lower case. */
  get declaredVary (): ReadonlySet<string> {
    return this.#declaredVary
  }

  /** Whether responses vary by request headers, so that each request's are needed. */
  get varies (): boolean {
    return this.#evidence.known.size > 0
  }

  /** Returns whether the URL with this hash of 32 bits is in the sample. */
  has (hash: number): boolean {
    return hash < this.#threshold
  }

  /**
   * Returns the URL of a request; undefined if it does not fit into the sample any more.
   * @param key hash of scheme, host, path and query that is unique among all URLs
   * @param isUser whether the request identifies a user
   * @param carried headers of the request that are named like credentials
   */
  find (
    key: number,
    hash: number,
    now: number,
    isUser = false,
    carried: readonly string[] = []
  ): SampledKey | undefined {
    let found = this.#keys.get(key)
    if (this.#isBusy(now)) {
      this.#halve()
      if (!this.has(hash)) return undefined
    }
    if (found === undefined) {
      if (this.#keys.size >= this.mostKeys) this.#makeRoom(now)
      if (!this.has(hash)) return undefined
      found = {
        hash,
        at: now,
        probeAfter: 0,
        repeated: 0,
        seen: new Seen(),
        variants: new Map()
      }
      this.#keys.set(key, found)
      this.#sums.keys += this.#weight
    }
    found.at = now
    this.#sums.sampled++
    if (isUser) this.#sums.identified++
    for (const name of carried) this.#carry(name)
    this.#sums.weight += this.#weight
    return found
  }

  #carry (name: string): void {
    if (this.#carried.size < MOST_CARRIED) this.#carried.add(name)
  }

  #makeRoom (now: number): void {
    for (const [key, { at }] of this.#keys) if (at < now - DAY) this.#keys.delete(key)
    while (this.#keys.size >= this.mostKeys) this.#halve()
  }

  #halve (): void {
    this.#threshold /= 2
    this.#weight *= 2
    for (const [key, { hash }] of this.#keys) if (!this.has(hash)) this.#keys.delete(key)
  }

  /** Whether more requests are sampled than are needed, for more URLs than are needed. */
  #isBusy (now: number): boolean {
    if (now >= this.#secondEnds) [this.#secondEnds, this.#inSecond] = [now + 1000, 0]
    if (++this.#inSecond <= BUSY || this.#keys.size <= 2 * LEAST_KEYS) return false
    this.#inSecond = 0
    return true
  }

  /** Returns whether the response's body is to be hashed. */
  mayProbe (key: SampledKey, now: number): boolean {
    if (now < key.probeAfter) return false
    key.probeAfter = now + PROBE_EVERY
    return true
  }

  /**
   * Takes a request without credentials into account that follows another one for the URL within
   * 50 ms. Such requests are most of a busy route's, so they are simulated together later.
   * @returns false if it has to be simulated
   */
  repeats (key: SampledKey, now: number): boolean {
    if (now >= key.probeAfter || this.varies || key.variants.size === 0) return false
    key.repeated += this.#weight
    return true
  }

  /** Takes a request into account whose response is not observed. */
  unprobed (key: SampledKey, now: number, isUser: boolean, headers: readonly number[]): void {
    // Responses to users are shareable if all observed ones were declared as such.
    const { declared } = this.#signs
    if (isUser && (declared === 0 || declared < this.#sums.probes)) return
    this.#simulate(key, now, headers)
  }

  /**
   * Takes an observed response into account.
   * @param writesSince returns the routes of writes that may have changed the response, and that
   *   completed after this time
   */
  probed (
    key: SampledKey,
    probe: Probe,
    writesSince: (from: number) => Iterable<string> = () => []
  ): void {
    const { body, signs, bytes, start, end } = probe
    this.#sums.probes++
    this.#sums.micros += (end - start) * 1000
    this.#sums.bytes += bytes
    for (const sign of signs) this.#signs[sign]++
    for (const name of probe.vary) this.#declare(name, end, signs.has('credentials'))
    if (body === undefined) return
    const { change, isNews } = key.seen.add({ ...probe, body }, this.#evidence)
    if (change !== undefined) {
      this.#sums.intervals++
      if (change.isChanged) this.#sums.changes++
      if (change.isBack) this.#sums.flips++
      for (const route of writesSince(change.from)) this.#written(route, change.isChanged)
    }
    if (isNews) this.#startOver(end, signs.has('credentials'))
    if (signs.has('status')) return
    if (signs.has('credentials') && !signs.has('declared')) return
    const variant = this.#variant(key, probe.headers)
    variant.body = body
    variant.probedAt = end
    this.#simulate(key, end, probe.headers)
  }

  #simulate (key: SampledKey, now: number, headers: readonly number[]): void {
    const variant = this.#variant(key, headers)
    this.#repeat(key, variant)
    this.#sums.eligible += this.#weight
    variant.request(now, this.#weight, this.#counts)
  }

  #repeat (key: SampledKey, variant: SimulatedEntry): void {
    if (key.repeated === 0) return
    this.#sums.eligible += key.repeated
    variant.repeat(key.repeated, this.#counts)
    key.repeated = 0
  }

  #variant ({ variants }: SampledKey, headers: readonly number[]): SimulatedEntry {
    let id = 0
    for (const i of this.#evidence.known) id = Math.imul(id, 31) + (headers[i] ?? 0) | 0
    const found = variants.get(id)
    if (found !== undefined) return found
    const [oldest] = variants.size >= MOST_VARIANTS ? variants.keys() : []
    if (oldest !== undefined) variants.delete(oldest)
    const created = new SimulatedEntry()
    variants.set(id, created)
    return created
  }

  /** Responses name the header in Vary: caches separate them by it. */
  #declare (name: string, now: number, isUser: boolean): void {
    if (this.#declaredVary.has(name)) return
    let index = this.#names.indexOf(name)
    if (index < 0) {
      if (this.#names.length >= MOST_HEADERS) return
      index = this.#names.push(name) - 1
    }
    this.#declaredVary.add(name)
    this.#evidence.known.add(index)
    this.#startOver(now, isUser)
  }

  /** Simulates anew, because entries are selected by more headers than before. */
  #startOver (now: number, isUser: boolean): void {
    this.since = now
    for (const key of this.#keys.values()) {
      key.variants.clear()
      key.repeated = 0
    }
    this.#counts = emptyCounts()
    // The current request is the first one.
    this.#sums = {
      ...this.#sums,
      sampled: 1,
      identified: isUser ? 1 : 0,
      weight: this.#weight,
      eligible: 0,
      before: this.requests - 1
    }
  }

  #written (route: string, isChanged: boolean): void {
    const counts = this.#writes.get(route)
    if (counts !== undefined) counts[isChanged ? 0 : 1]++
    else if (this.#writes.size < MOST_WRITES) this.#writes.set(route, isChanged ? [1, 0] : [0, 1])
  }

  finding (now: number): ShadowFinding {
    for (const key of this.#keys.values()) {
      const [variant] = key.variants.values()
      if (variant !== undefined) this.#repeat(key, variant)
    }
    const { before, ...sums } = this.#sums
    const { hits, judged, stale } = this.#counts
    return {
      route: this.route,
      since: Math.round(this.since),
      until: Math.round(now),
      ...sums,
      requests: this.requests - before,
      refused: this.refused,
      micros: Math.round(sums.micros),
      hits: [...hits],
      judged: [...judged],
      stale: [...stale],
      signs: { ...this.#signs },
      users: { ...this.#evidence.users },
      headers: Object.fromEntries(
        this.#names.flatMap((name, i) => {
          const tally = this.#evidence.headers[i]
          return tally === undefined ? [] : [[name, { ...tally }]]
        })
      ),
      // Caches separate responses by headers in Vary, so these are no credentials any more.
      carried: [...this.#carried].filter((name) => !this.#declaredVary.has(name)),
      declaredVary: [...this.#declaredVary],
      writes: Object.fromEntries([...this.#writes].map(([route, counts]) => [route, [...counts]]))
    }
  }
}

const emptySums = () => ({
  /** Requests before the simulation began anew. */
  before: 0,
  sampled: 0,
  identified: 0,
  weight: 0,
  eligible: 0,
  keys: 0,
  probes: 0,
  micros: 0,
  bytes: 0,
  intervals: 0,
  changes: 0,
  flips: 0
})
