import { mock } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { Delivery } from '../src/delivery.js'
import { Lease } from '../src/lease.js'
import { Relay, type RelayParts } from '../src/relay.js'
import type { Row } from '../src/rows.js'
import { Settling } from '../src/settling.js'
import { hashOf } from '../src/tags.js'
import { gate } from './gate.js'

const LEASE = 1000
const TAG = 'tag'

/**
 * Events, each kind in its own order:
 *
 * - commit: instance A commits a row and begins to deliver it or, as a reader of the new data, to
 *   settle; A itself cannot reach the cache's store
 * - ask, look, hear, each twice: B's relay begins a poll; the database answers as of then; the
 *   answer arrives
 * - reach: from now on B can reach the cache's store
 * - claim, deliver, die: instance C locks the row, delivers and deletes it, or dies, which frees it
 * - tick: 600 ms pass everywhere
 */
export type Step =
  'commit' | 'ask' | 'look' | 'hear' | 'reach' | 'claim' | 'deliver' | 'die' | 'tick'

const SEQUENCES: readonly (readonly Step[])[] = [
  ['commit'],
  ['ask', 'look', 'hear', 'ask', 'look', 'hear'],
  ['reach'],
  ['tick', 'tick', 'tick']
]

/** Rows that several instances divide. */
export const DIVIDED: readonly (readonly (readonly Step[])[])[] =
  (['deliver', 'die'] as const).map((end) => [
    ['commit'],
    ['ask', 'look', 'hear'],
    ['claim', end],
    ['tick', 'tick']
  ])

/** The rules of a run; the real ones by default. */
export interface Rules {
  readonly makeLease?: () => Lease
  /** The lease that the writer assumes, in ms. */
  readonly writersLease?: number
  /**
   * The source of the guarantee: the writer, by default; a reader elsewhere, with the writer gone;
   * or a reader after that one.
   */
  readonly by?: 'deliver' | 'settle' | 'second settle'
  /** The effect of an invalidation by B's relay. */
  readonly relayed?: (invalidate: () => Promise<void>) => Promise<void>
  /** The rows that B's relay uses, of those it sees. */
  readonly taken?: (rows: Row[]) => Row[]
  /** Whether B can reach the store from the start. */
  readonly reaches?: boolean
  /** Whether a row that another instance has claimed counts as delivered. */
  readonly trustsClaims?: boolean
  /** Whether rows are released as soon as a reader has seen them. */
  readonly releasesEarly?: boolean
}

/**
 * The outcome of a run. `stale`: the step after which B trusted a cache that still held data
 * replaced by an acknowledged or settled write.
 */
export interface Run {
  readonly outcome: 'delivered' | 'queued' | 'settled' | undefined
  /** Whether a read that began after the acknowledgement found the outbox drained. */
  readonly trusted: boolean
  readonly stale: Step | undefined
}

/** Yields every possible order of the steps. */
export function * interleavings (
  rest: readonly (readonly Step[])[] = SEQUENCES,
  before: readonly Step[] = []
): Generator<readonly Step[]> {
  if (rest.every((sequence) => sequence.length === 0)) yield before
  for (const [i, [step, ...later]] of rest.entries()) {
    if (step !== undefined) yield * interleavings(rest.with(i, later), [...before, step])
  }
}

/**
 * Runs the steps with the real lease, relay and delivery, over a table and a store in memory; a
 * read on B follows each step.
 */
export async function run (steps: readonly Step[], rules: Rules): Promise<Run> {
  const world = new World(rules)
  try {
    let trusted = false
    for (const step of steps) {
      await world.take(step)
      if (world.outcome === undefined || !world.lease.holds()) continue
      trusted = true
      if (!world.invalidated) return { outcome: world.outcome, trusted, stale: step }
    }
    return { outcome: world.outcome, trusted, stale: undefined }
  } finally {
    world.end()
  }
}

class World {
  outcome: Run['outcome']
  invalidated = false
  readonly lease: Lease
  /** Rows by id, with the hash of their tag. */
  readonly #table = new Map<string, string | null>()
  readonly #delivery: Delivery
  readonly #settling: Settling
  readonly #relay: Relay
  readonly #clock = mock.method(performance, 'now', () => this.#now)
  readonly #by: Rules['by']
  /** Rows that C has locked. */
  readonly #claimed = new Set<string>()
  #now = 0
  #reachable = false
  #query = { look: gate(), hear: gate() }

  constructor (rules: Rules) {
    const { makeLease = () => new Lease(LEASE), writersLease = LEASE } = rules
    const {
      relayed = (invalidate) => invalidate(),
      taken = (rows) => rows,
      releasesEarly = false,
      trustsClaims = false
    } = rules
    this.#by = rules.by
    this.#reachable = rules.reaches ?? false
    mock.timers.enable({ apis: ['setTimeout'] })
    this.lease = makeLease()
    const remove = async (ids: readonly string[]) => {
      for (const id of ids) this.#table.delete(id)
    }
    const table = () =>
      [...this.#table].map(([id, hash]) => ({ id, hash, tag: JSON.stringify(TAG) }))
    const release = async (ids: readonly string[]) => {
      for (const id of ids) if (this.#table.has(id)) this.#table.set(id, null)
    }
    const rows: RelayParts['rows'] = {
      page: async () => {
        const { look, hear } = this.#query
        await look.opened
        const seen = table()
        await hear.opened
        return taken(seen)
      },
      last: async () => [...this.#table.keys()].at(-1),
      claim: (ids, deliver) => deliver(
        new Set(ids.filter((id) => this.#table.has(id) && !this.#claimed.has(id))),
        remove
      ),
      hasAny: async (ids) => !trustsClaims && ids.some((id) => this.#table.has(id))
    }
    const timing = { pollInterval: 250, stopTimeout: 500 }
    this.#relay = new Relay({
      rows,
      lease: this.lease,
      invalidate: () => relayed(() => this.#invalidate()),
      ...timing
    })
    this.#delivery = new Delivery({
      rows: { hasAny: async (ids) => ids.some((id) => this.#table.has(id)), remove },
      invalidate: async () => { throw new Error('A cannot reach the store') },
      lease: writersLease,
      ...timing
    })
    const withHashes = async (hashes: readonly string[]) => {
      const found = table().filter(({ hash }) => hash !== null && hashes.includes(hash))
      if (releasesEarly) await release(found.map(({ id }) => id))
      return found
    }
    this.#settling = new Settling({
      rows: { withHashes, release },
      delivery: this.#delivery,
      lease: writersLease
    })
  }

  async take (step: Step): Promise<void> {
    this.#act(step)
    // All consequences are microtasks.
    await setImmediate()
  }

  end (): void {
    mock.timers.reset()
    this.#clock.mock.restore()
  }

  #act (step: Step): void {
    switch (step) {
      case 'commit':
        this.#table.set('row', hashOf(TAG))
        this.#promise().then((outcome) => { this.outcome = outcome }, () => {})
        break
      case 'ask':
        this.#query = { look: gate(), hear: gate() }
        this.#relay.poll().catch(() => {})
        break
      case 'look':
        this.#query.look.open()
        break
      case 'hear':
        this.#query.hear.open()
        break
      case 'reach':
        this.#reachable = true
        break
      case 'claim':
        for (const id of this.#table.keys()) this.#claimed.add(id)
        break
      case 'deliver':
        for (const id of this.#claimed) {
          this.invalidated = true
          this.#table.delete(id)
        }
        break
      case 'die':
        this.#claimed.clear()
        break
      case 'tick':
        this.#now += 600
        mock.timers.tick(600)
    }
  }

  async #promise (): Promise<Run['outcome']> {
    if (this.#by === undefined || this.#by === 'deliver') {
      return this.#delivery.deliver({ tags: [TAG], ids: ['row'] })
    }
    const first = this.#settling.settle([TAG])
    // A separate look: the first one is already in progress.
    if (this.#by === 'second settle') { await Promise.resolve().then(() => this.#settling.settle([TAG])) } else await first
    return 'settled'
  }

  async #invalidate (): Promise<void> {
    if (!this.#reachable) throw new Error('B cannot reach the store')
    this.invalidated = true
  }
}
