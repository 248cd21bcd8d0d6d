import { type ShadowFinding, type Sign, SIGNS } from './finding.js'
import { NONE, Pace, type Skipped } from './pace.js'
import { Evidence, type Observation, Seen } from './seen.js'
import { emptyCounts, PROBE_EVERY, SimulatedEntry } from './simulation.js'
import { type Answer, StatusTurns } from './status-turns.js'

const DAY = 86_400_000
const ALL = 2 ** 32
// Variants of a URL by headers.
const MOST_VARIANTS = 6
const MOST_HEADERS = 10
const MOST_CARRIED = 8
const MOST_WRITES = 8
// Observed requests per second, if the caller knows no better.
const MOST_PER_SECOND = 500
// Interval between observed requests for one URL of a busy route, ms: shortest, the one up to which
// it grows before fewer URLs are sampled, and longest.
const INTERVALS = [50, 200, 2000] as const
// URLs that remain at least, before and after that interval is the longest.
const LEAST_KEYS = [200, 50] as const

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
  /** Requests since the last simulated one that are not simulated yet, and their weight. */
  skipped: Skipped
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
 * Observes the requests of one route, for a sample of URLs: either a URL is in the sample with all
 * its requests, or not at all. Of the URLs, those whose hash is below a threshold are in it. The
 * threshold is halved when there are too many, so that memory is bounded and all URLs have the same
 * chance ("spatial sampling", as in SHARDS by Waldspurger et al., FAST 2015).
 *
 * The number of observed requests per second is bounded, too: on a busy route, some requests for a
 * URL in the sample are only counted, and the next observed one stands for them.
 *
 * It knows no clock: times are ms since 1970, given by the caller.
 */
export class RouteSample {
  /** All requests, counted by the caller. */
  requests = 0
  /** Responses that refused a client, counted by the caller. */
  refused = 0
  readonly #statuses = new StatusTurns()
  #threshold = ALL
  /** Time of the latest observed request: quicker than a look at the clock. */
  #now = 0
  /** End of the current second, and sampled requests in it. */
  #secondEnds = 0
  #inSecond = 0
  #weight = 1
  /** Time between observed requests for one URL, ms; 0: all of them are observed. */
  #interval = 0
  #random = 1
  readonly #keys = new Map<number, SampledKey>()
  /** Paces by the hash of the URL, as an integer with a sign: others are slow keys. */
  readonly #paces = new Map<number, Pace>()
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
   * @param mostPerSecond returns the number of requests to observe per second; numbers below 50
   *   are not reached on a route with less than 100 URLs
   */
  constructor (
    readonly route: string,
    public since: number,
    public mostKeys = 1000,
    readonly mostPerSecond = () => MOST_PER_SECOND
  ) {}

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
   * Returns whether the request need not be observed: its URL is not in the sample, or the next
   * observed request for it stands for this one. Quick, since it is asked for each request.
   * @param hash of the URL, 32 bits
   */
  skips (hash: number): boolean {
    if (hash >= this.#threshold) return true
    const pace = this.#paces.get(hash | 0)
    return pace !== undefined && pace.skips(this.#now, this.#interval)
  }

  /**
   * Returns the URL of a request to observe; undefined if it does not fit into the sample any more.
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
    this.#now = now
    let found = this.#keys.get(key)
    this.#limit(now)
    if (!this.has(hash)) return undefined
    if (found === undefined) {
      if (this.#keys.size >= this.mostKeys) this.#makeRoom(now)
      if (!this.has(hash)) return undefined
      found = {
        hash,
        at: now,
        probeAfter: 0,
        skipped: NONE,
        repeated: 0,
        seen: new Seen(),
        variants: new Map()
      }
      this.#keys.set(key, found)
      this.#sums.keys += this.#weight
    }
    found.at = now
    const skipped = this.#skippedBefore(hash, now)
    this.#sums.sampled++
    if (isUser) this.#sums.identified++
    for (const name of carried) this.#carry(name)
    this.#sums.weight += this.#weight * (1 + skipped.count)
    if (skipped.count > 0 && (!isUser || this.isDeclared)) {
      found.skipped = skipped
      found.repeated += this.#weight * skipped.count
    }
    return found
  }

  #skippedBefore (hash: number, now: number): Skipped {
    let pace = this.#paces.get(hash | 0)
    if (pace === undefined) this.#paces.set(hash | 0, pace = new Pace())
    this.#random = Math.imul(this.#random, 1_664_525) + 1_013_904_223 | 0
    return pace.next(now, this.#interval, (this.#random >>> 0) / ALL)
  }

  #carry (name: string): void {
    if (this.#carried.size < MOST_CARRIED) this.#carried.add(name)
  }

  #makeRoom (now: number): void {
    for (const [key, { at, hash }] of this.#keys) if (at < now - DAY) this.#drop(key, hash)
    while (this.#keys.size >= this.mostKeys) this.#halve()
  }

  #halve (): void {
    this.#threshold /= 2
    this.#weight *= 2
    for (const [key, { hash }] of this.#keys) if (!this.has(hash)) this.#drop(key, hash)
  }

  #drop (key: number, hash: number): void {
    this.#keys.delete(key)
    this.#paces.delete(hash | 0)
  }

  /** Observes fewer requests if there are too many in this second, and more if there were few. */
  #limit (now: number): void {
    const most = this.mostPerSecond()
    const [shortest, medium, longest] = INTERVALS
    if (now >= this.#secondEnds) {
      if (this.#inSecond < most / 4) {
        this.#interval = this.#interval <= shortest ? 0 : this.#interval / 2
      }
      this.#secondEnds = now + 1000
      this.#inSecond = 0
    }
    if (++this.#inSecond <= most) return
    this.#inSecond = 0
    const least = LEAST_KEYS[this.#interval < longest ? 0 : 1]
    if (this.#interval >= medium && this.#keys.size > 2 * least) this.#halve()
    else if (this.#interval < longest) this.#interval = Math.max(shortest, this.#interval * 2)
  }

  /** Returns whether the response's body is to be hashed. */
  mayProbe (key: SampledKey, now: number): boolean {
    if (now < key.probeAfter) return false
    key.probeAfter = now + PROBE_EVERY
    return true
  }

  /** Takes a request into account whose response is not observed. */
  unprobed (key: SampledKey, now: number, isUser: boolean, headers: readonly number[]): void {
    if (!isUser || this.isDeclared) this.#simulate(key, now, headers)
  }

  /** Whether responses to users are shareable: all observed ones were declared as such. */
  get isDeclared (): boolean {
    const { declared } = this.#signs
    return declared > 0 && declared >= this.#sums.probes
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
      if (change.briefFrom !== undefined && isEmpty(writesSince(change.briefFrom))) {
        this.#sums.brief++
      }
      for (const route of writesSince(change.from)) this.#written(route, change.isChanged)
    }
    if (isNews) this.#startOver(end, signs.has('credentials'))
    if (signs.has('status')) return
    if (signs.has('credentials') && !signs.has('declared')) return
    const variant = this.#variant(key, probe.headers)
    variant.storedAt ??= this.requests
    variant.body = body
    variant.probedAt = end
    this.#simulate(key, end, probe.headers)
  }

  #simulate (key: SampledKey, now: number, headers: readonly number[]): void {
    const variant = this.#variant(key, headers)
    if (key.repeated > 0) {
      this.#sums.eligible += key.repeated
      variant.repeat(key.repeated, now, key.skipped, this.#counts)
      key.repeated = 0
    }
    this.#sums.eligible += this.#weight
    variant.request(now, this.#weight, this.#counts)
  }

  /** Whether the status of responses to the URL with this hash matters: it has had several. */
  hasStatuses (hash: number): boolean {
    return this.#statuses.has(hash)
  }

  /**
   * Takes the status of a response into account, observed or not.
   * @param key as in `find`
   * @param writesSince as in `probed`
   */
  answered (
    key: number,
    hash: number,
    answer: Answer,
    headers: readonly number[],
    writesSince: (from: number) => Iterable<string>
  ): void {
    const id = this.#variantId(headers)
    const isUnexplained = (from: number) => isEmpty(writesSince(from))
    const { storedAt = Infinity, probedAt } = this.#keys.get(key)?.variants.get(id) ?? NEVER
    const wasStored = storedAt < answer.from && !this.#statuses.has(hash) &&
      isUnexplained(Math.min(probedAt, answer.at))
    this.#statuses.add(hash, `${key} ${id}`, answer, wasStored, isUnexplained)
  }

  /** Takes a sign into account that a response has whose body was not hashed. */
  sees (sign: Sign): void {
    this.#signs[sign] ||= 1
  }

  /** Time of the latest observed request, ms. */
  get latestAt (): number {
    return this.#now
  }

  #variantId (headers: readonly number[]): number {
    let id = 0
    for (const i of this.#evidence.known) id = Math.imul(id, 31) + (headers[i] ?? 0) | 0
    return id
  }

  #variant ({ variants }: SampledKey, headers: readonly number[]): SimulatedEntry {
    const id = this.#variantId(headers)
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
    this.#statuses.clear()
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
    const { before, ...sums } = this.#sums
    const { hits, judged, stale } = this.#counts
    return {
      route: this.route,
      since: Math.round(this.since),
      until: Math.round(now),
      ...sums,
      requests: this.requests - before,
      refused: this.refused,
      statusFlips: this.#statuses.returns,
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

const NEVER = { storedAt: Infinity, probedAt: -Infinity }

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
  flips: 0,
  brief: 0
})

const isEmpty = (all: Iterable<string>): boolean => [...all].length === 0
