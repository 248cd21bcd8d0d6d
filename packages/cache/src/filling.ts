import { Activity } from './activity.js'
import type { Counters } from './counters.js'
import type { Defaults } from './defaults.js'
import { type Entry, freshness, goneAt, servesError } from './entry.js'
import { CacheError } from './errors.js'
import { emit } from './events.js'
import { FillNode } from './fill-graph.js'
import { Fill, type FillKeeper, type FillOutcome, type StoreOutcome } from './fill.js'
import { type Flight, Flights, type Outcome } from './flights.js'
import type { AcquireOptions, Hit, OutageOptions } from './options.js'
import type { Claim, FillEnd, FillLease, FrameId } from './store.js'
import { type Found, isFresh, type Tiers } from './tiers.js'
import { type FillTrace, traceFill, traceWait } from './traces.js'
import { UnsharedKeys } from './unshared-keys.js'

/** The context of a fill: its flight, its lease and the value it replaces. */
interface Duty<T> {
  /** The fill that the caller is part of. */
  readonly parent?: FillNode | undefined
  readonly flight?: Flight<T>
  readonly lease?: FillLease
  readonly stale?: Entry<T> | undefined
  /** The stale value is still valid, and other instances may have it in memory. */
  readonly replaces?: boolean
  /**
   * End of the time in which other instances may use an entry of the store that this one cannot
   * read.
   */
  readonly unreadableUntil?: number | undefined
  /** The value is private to its caller: failing to share it tells nothing about the key. */
  readonly beside?: boolean
}

/** Computes each value once: flights within the process, leases across instances. */
export class Filling<T> {
  readonly activity: Activity
  readonly #flights: Flights<T>
  readonly #unshared = new UnsharedKeys()

  /**
   * @param name identifies the instance that computed a value
   * @param fillTimeout milliseconds that callers wait for a fill before they compute themselves
   */
  constructor (
    readonly tiers: Tiers<T>,
    readonly counters: Counters,
    readonly defaults: Defaults,
    readonly name: string,
    fillTimeout: number
  ) {
    this.activity = new Activity(fillTimeout)
    this.#flights = new Flights(fillTimeout, tiers.entries)
  }

  get flights (): number {
    return this.#flights.size
  }

  /** See {@link Cache.acquire}. */
  async acquire (key: string, options: AcquireOptions): Promise<Hit<T> | Fill<T>> {
    const parent = FillNode.checkNotWithin(this.tiers.entries, key)
    if (options.beside === true) return this.#alone(key, parent, options)
    const arrival = this.#flights.latest
    // Nearly every read hits the store if there is no memory, and a plain read costs less than a
    // claim.
    let mayLook = this.tiers.l1 === undefined && options.renew !== true
    let found: Found<T> | undefined
    for (;;) {
      const flight = this.#flights.of(key)
      if (flight === undefined) {
        if (this.#unshared.has(key)) return this.#alone(key, parent, options)
        if (!mayLook) return this.#lead(key, parent, options, found)
        mayLook = false
        const answer = await this.find(key)
        const hit = this.usable(key, answer?.found)
        if (hit !== undefined) return hit
        if (answer === undefined && this.#flights.of(key) === undefined) {
          return this.#withoutStore(key, this.#flights.begin(key, parent), options)
        }
        found = answer?.found
        continue
      }
      // Callers do not wait for a revalidation while the stale value is usable.
      const mayBeStale = flight.background && options.renew !== true
      const stale = mayBeStale ? this.usable(key, (await this.find(key))?.found) : undefined
      if (stale !== undefined) return stale
      const outcome = await traceWait(this.tiers.name, key, { flight }, () =>
        flight.node.answer(flight.outcome)
      )
      if (outcome.kind === 'again') {
        if (outcome.wasOwn === true && options.mayBeOwn === true) {
          return this.#alone(key, parent, { ...options, beside: true })
        }
        continue
      }
      if (outcome.kind === 'unshared') return this.#fill(key, { parent })
      if (outcome.kind === 'error') return this.#afterFailure(key, parent, outcome.stale)
      if (outcome.source !== 'coalesced' && options.renew === true) continue
      const hit = await this.#joined(key, outcome, flight.number > arrival)
      if (hit !== undefined) return hit
    }
  }

  /** See {@link Cache.revalidate}. */
  async revalidate (
    key: string,
    stale: Entry<T>,
    { early = false } = {}
  ): Promise<Fill<T> | undefined> {
    if (
      this.#flights.of(key) !== undefined ||
      freshness(stale, Date.now()) !== (early ? 'fresh' : 'stale')
    ) { return undefined }
    // The last attempt produced nothing to share, so keep serving the stale value for now.
    if (this.#unshared.has(key)) return undefined
    const flight = this.#flights.begin(key, undefined, true)
    const isNewer = (found: Found<T>) => isFresh(found) && !isSame(found.entry, stale)
    const claimed = await this.counters.read(
      key,
      this.tiers.claim(key, isNewer, { entry: stale, source: 'l2' })
    )
    // Replaces the stale value even without a lease: other instances may have it in memory.
    if (claimed === undefined) return this.#fill(key, { flight, stale, replaces: true })
    const { unreadableUntil } = claimed.kind === 'found' ? {} : claimed
    if (claimed.kind === 'granted') {
      return this.#fill(key, {
        flight,
        stale,
        lease: claimed.lease,
        replaces: true,
        unreadableUntil
      })
    }
    flight.finish({ kind: 'again' })
    return undefined
  }

  /** Finds the key's entry in memory or the store; undefined if the store does not answer. */
  async find (key: string): Promise<{ readonly found: Found<T> | undefined } | undefined> {
    try {
      return { found: await this.tiers.find(key) }
    } catch (error) {
      this.counters.failed('read', key, error)
      return undefined
    }
  }

  /** Returns the found value as a hit unless it is expired. */
  usable (key: string, found: Found<T> | undefined): Hit<T> | undefined {
    if (found === undefined) return undefined
    const { entry, source } = found
    const state = freshness(entry, Date.now())
    // Field by field: spreading costs several times as much as the rest of a hit.
    return state === 'expired'
      ? undefined
      : this.counters.hit(key, { entry, source, stale: state === 'stale' })
  }

  /** Returns the value in memory if the options allow that while the store does not answer. */
  unverified (key: string, { onOutage }: OutageOptions): Hit<T> | undefined {
    const entry = onOutage === 'stale' ? this.tiers.unverified(key) : undefined
    return entry && this.counters.hit(key, { entry, source: 'l1', stale: true, unverified: true })
  }

  /**
   * Leads a flight: uses the store's value, computes one, or waits for another instance's fill.
   *
   * A fill elsewhere may have begun before this flight and be useless to it. The next one has not,
   * but an invalidation may overtake it too. After two waits the leader computes the value itself.
   * @param known the unusable entry that the caller has just found
   */
  async #lead (
    key: string,
    parent: FillNode | undefined,
    options: AcquireOptions,
    known: Found<T> | undefined
  ): Promise<Hit<T> | Fill<T>> {
    const flight = this.#flights.begin(key, parent)
    const replaces = options.renew === true
    for (let waited = 0; ;) {
      const isGood = (found: Found<T>) => isUsable(found) && (!replaces || waited > 0)
      const claimed = await this.counters.read(
        key,
        this.tiers.claim(key, isGood, waited > 0 ? undefined : known)
      )
      if (claimed === undefined) return this.#withoutStore(key, flight, options)
      if (claimed.kind === 'found') {
        const { entry } = claimed
        const source = waited > 0 ? 'coalesced' : claimed.source
        flight.finish({ kind: 'value', entry, source })
        return this.counters.hit(key, {
          entry,
          source,
          stale: freshness(entry, Date.now()) === 'stale'
        })
      }
      const { stale, unreadableUntil } = claimed
      if (claimed.kind === 'granted') {
        return this.#fill(key, { flight, stale, lease: claimed.lease, replaces, unreadableUntil })
      }
      const end = waited === MOST_WAITS ? 'failed' : await this.#awaitElsewhere(flight, claimed)
      if (end === 'failed') return this.#fill(key, { flight, stale, replaces })
      if (end === 'unshared') this.#unshared.add(key)
      if (end === 'unshared' || end === 'late') {
        flight.finish({ kind: 'unshared' })
        return this.#fill(key, { parent, stale, replaces })
      }
      if (end === 'done') waited++
    }
  }

  /**
   * Waits for another instance's fill. Refusing a wait for the leader's own fill affects no other
   * caller.
   */
  async #awaitElsewhere (
    flight: Flight<T>,
    { ended, fill, traceparent }: Claim & { kind: 'held' }
  ): Promise<FillEnd | 'late'> {
    try {
      return await traceWait(this.tiers.name, flight.node.key, { traceparent }, () =>
        flight.node.awaitRemote(
          fill,
          Promise.race([ended, flight.outcome.then(() => 'late' as const)])
        )
      )
    } catch (error) {
      flight.finish({ kind: 'again' })
      throw error
    }
  }

  /**
   * Serves a caller or key whose value is not shared: reads the store again, or computes
   * independently.
   */
  async #alone (
    key: string,
    parent: FillNode | undefined,
    options: AcquireOptions
  ): Promise<Hit<T> | Fill<T>> {
    const answer = await this.find(key)
    const hit =
      answer === undefined
        ? this.unverified(key, options)
        : options.renew === true
          ? undefined
          : this.usable(key, answer.found)
    const stale = answer?.found?.entry
    return (
      hit ??
      this.#fill(key, {
        parent,
        stale,
        replaces: options.renew === true,
        beside: options.beside === true
      })
    )
  }

  #withoutStore (
    key: string,
    flight: Flight<T>,
    options: OutageOptions
  ): Hit<T> | Promise<Fill<T>> {
    const hit = this.unverified(key, options)
    if (hit === undefined) return this.#fill(key, { flight })
    flight.finish({ kind: 'again' })
    return hit
  }

  /** Take the stamp before computing the value: Rule V for slow fills depends on it. */
  async #fill (key: string, duty: Duty<T>): Promise<Fill<T>> {
    const { parent, flight, lease, stale } = duty
    this.counters.miss(key)
    const trace = traceFill(
      this.tiers.name,
      key,
      flight?.background === true,
      this.#flights.timeout
    )
    if (flight !== undefined) {
      flight.trace = trace
      this.#flights.start(flight)
    }
    const node = flight?.node ?? new FillNode(this.tiers.entries, key, parent)
    node.lease = lease
    if (trace !== undefined) lease?.setTrace?.(trace)
    const stamp =
      lease === undefined
        ? await this.counters.read(key, this.tiers.validity.stamp())
        : lease.stamp
    // The lease ends with the flight, including by timeout.
    if (lease !== undefined) {
      flight?.outcome.then(
        ({ kind }) => {
          lease.end(END[kind])
        },
        () => {}
      )
    }
    return new Fill(key, stamp, stale, this.#keeper(key, duty, node, trace), node, trace)
  }

  #keeper (
    key: string,
    { flight, lease, stale, replaces, unreadableUntil = 0, beside }: Duty<T>,
    node: FillNode,
    trace: FillTrace | undefined
  ): FillKeeper<T> {
    let isOpen = true
    this.activity.begin()
    const replacedUntil = Math.max(
      unreadableUntil,
      replaces === true && stale !== undefined ? goneAt(stale) : 0
    )
    const put = (entry: Entry<T>) =>
      this.#store(key, () =>
        replacedUntil > 0
          ? this.tiers.replace(key, entry, replacedUntil, { lease })
          : this.tiers.put(key, entry, lease)
      )
    return {
      name: this.name,
      defaults: this.defaults,
      store: (entry) => (trace === undefined ? put(entry) : trace.within(() => put(entry))),
      storeVariant: (other, entry) => this.#store(other, () => this.tiers.put(other, entry)),
      validStale: () => this.#valid(key, stale),
      finish: (outcome) => {
        if (!isOpen) return
        isOpen = false
        this.activity.end()
        trace?.end(outcome)
        emit('weir:cache:fill', () => ({
          namespace: this.tiers.name,
          key,
          background: flight?.background === true,
          outcome: outcome.kind === 'value' ? outcome.result : outcome.kind,
          cost: outcome.kind === 'value' ? outcome.entry.cost : undefined
        }))
        node.end(outcome.kind === 'error')
        if (beside !== true) this.#note(key, outcome)
        flight?.finish(asOfFlight(outcome, stale))
      }
    }
  }

  #note (key: string, outcome: FillOutcome<T>): void {
    if (outcome.kind === 'unshared') this.#unshared.add(key)
    if (outcome.kind !== 'value') return
    if (outcome.result === 'transient') this.#unshared.add(key)
    if (outcome.result === 'stored') this.#unshared.delete(key)
  }

  async #store (key: string, put: () => Promise<boolean>): Promise<StoreOutcome> {
    try {
      if (!(await put())) return { result: 'invalid' }
      this.counters.stores++
      return { result: 'stored' }
    } catch (error) {
      // A failing custom serializer must not cost callers the value.
      if (
        this.tiers.values.isBuiltIn &&
        error instanceof CacheError &&
        error.code === 'WEIR_CACHE_UNSERIALIZABLE'
      ) { throw error }
      this.counters.failed('write', key, error)
      return { result: 'failed', error }
    }
  }

  /**
   * The awaited fill failed, perhaps for reasons specific to its caller: each waiter computes once
   * itself.
   */
  async #afterFailure (
    key: string,
    parent: FillNode | undefined,
    stale: Entry<T> | undefined
  ): Promise<Hit<T> | Fill<T>> {
    const entry =
      stale !== undefined && servesError(stale, Date.now())
        ? await this.#valid(key, stale)
        : undefined
    return entry === undefined
      ? this.#fill(key, { parent })
      : this.counters.hit(key, { entry, source: 'coalesced', stale: true })
  }

  /** Returns the entry if it is valid now; undefined if the store does not answer. */
  async #valid (key: string, entry: Entry<T> | undefined): Promise<Entry<T> | undefined> {
    if (entry === undefined) return undefined
    return (await this.counters.read(key, this.tiers.isValid(key, entry))) === true
      ? entry
      : undefined
  }

  /** Returns the value of a joined flight; undefined to start over. */
  async #joined (
    key: string,
    { entry, source }: Outcome<T> & { kind: 'value' },
    own: boolean
  ): Promise<Hit<T> | undefined> {
    if (!own && (await this.#valid(key, entry)) === undefined) return undefined
    return this.counters.hit(key, {
      entry,
      source,
      stale: freshness(entry, Date.now()) === 'stale'
    })
  }
}

// The maximum number of remote fills a flight waits for, one after the other.
const MOST_WAITS = 2

const END = {
  value: 'done',
  again: 'done',
  error: 'failed',
  unshared: 'unshared'
} as const satisfies Record<Outcome<unknown>['kind'], string>

const isSame = (a: FrameId, b: FrameId) => a.stamp === b.stamp && a.storedAt === b.storedAt

const isUsable = ({ entry }: Found<unknown>) => freshness(entry, Date.now()) !== 'expired'

function asOfFlight<T> (outcome: FillOutcome<T>, stale: Entry<T> | undefined): Outcome<T> {
  if (outcome.kind === 'value') return { kind: 'value', entry: outcome.entry, source: 'coalesced' }
  if (outcome.kind === 'own') return { kind: 'again', wasOwn: true }
  return outcome.kind === 'error' ? { kind: 'error', stale } : outcome
}
