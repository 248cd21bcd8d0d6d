import { AGAIN, DELIVERY, type EdgeKind } from './edge-settings.js'
import type { Read, Violation } from './judge.js'

/** An acknowledged write. Times are of one clock, in ms. */
export interface EdgeWrite {
  readonly version: number
  readonly instance: string
  /** Time before the write was sent. */
  readonly sent: number
  /** Time of its acknowledgement. */
  readonly at: number
  /** Whether the destination had confirmed the purge by then. */
  readonly isConfirmed: boolean
}

/** The fetch of a response by the destination. */
export interface EdgeFetch {
  /** Time at which the request arrived in front of the instances. */
  readonly began: number
  /** Time by which the response was stored for certain: a client had it as a hit. */
  readonly storedBy: number
}

/** Writes after which clients of the destination were served an older version, and for how long. */
export interface Staleness {
  readonly writes: number
  readonly stale: number
  /** Percentiles of the stale ones, in ms. */
  readonly p50: number
  readonly p99: number
  readonly max: number
}

/** @returns whether a response older than the write may be served `age` ms after it */
type Promised = (write: EdgeWrite, age: number, fetch: EdgeFetch | undefined) => boolean

const PROMISED: Readonly<Record<EdgeKind, Promised>> = {
  varnish: ({ isConfirmed }, age) => !isConfirmed && age <= DELIVERY,
  // Removed by the purge if it was stored before, and by the second purge if it was not.
  nginx: ({ isConfirmed, sent }, age, fetch) =>
    age <= AGAIN.nginx + DELIVERY && !(isConfirmed && fetch !== undefined && fetch.storedBy < sent),
  region: (_, age) => age <= AGAIN.region + DELIVERY
}

/**
 * Compares reads through a destination with what docs/guides/edge.md promises for it.
 *
 * - `varnish`: after a confirmed write, no older version. After an unconfirmed one, until its purge
 *   is delivered.
 * - `nginx`: after a confirmed write, an older version only in a response that was being fetched
 *   during the purge, until the second purge. A response that any client had as a hit before the
 *   write was stored before the purge.
 * - `region`: an older version until the second invalidation is delivered.
 *
 * A response that was fetched after an acknowledgement is never older: the fleet is right by then.
 */
export class EdgeJudge {
  readonly #promised: Promised
  readonly #writes = new Map<number, { readonly write: EdgeWrite, stale: number }[]>()

  constructor (kind: EdgeKind) {
    this.#promised = PROMISED[kind]
  }

  /** Call it when a write is acknowledged. */
  written (resource: number, write: EdgeWrite): void {
    const writes = this.#writes.get(resource) ?? []
    writes.push({ write, stale: 0 })
    this.#writes.set(resource, writes)
  }

  /** Call it when a read has ended. */
  read (read: Read, fetch?: EdgeFetch): Violation | undefined {
    let found: Violation | undefined
    for (const known of this.#writes.get(read.resource) ?? []) {
      const { write } = known
      if (write.version <= read.version || write.at > read.begin) continue
      const age = read.begin - write.at
      known.stale = Math.max(known.stale, age)
      const isLaterFetch = fetch !== undefined && fetch.began > write.at
      if (isLaterFetch || !this.#promised(write, age, fetch)) found ??= violation(read, write)
    }
    return found
  }

  /** Returns the staleness after writes that the destination had confirmed, or had not. */
  staleness (isConfirmed: boolean): Staleness {
    const writes = [...this.#writes.values()].flat()
      .filter(({ write }) => write.isConfirmed === isConfirmed)
    const ages = writes.map(({ stale }) => stale).filter((age) => age > 0).sort((a, b) => a - b)
    const at = (share: number) => ages[Math.ceil(ages.length * share) - 1] ?? 0
    return {
      writes: writes.length, stale: ages.length, p50: at(0.5), p99: at(0.99), max: at(1)
    }
  }
}

const violation = (read: Read, { version, instance, at }: EdgeWrite): Violation =>
  ({ read, told: { by: 'write', version, instance, at, cacheStatus: '', began: Infinity } })
