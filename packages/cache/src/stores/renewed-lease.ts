import { emit } from '../events.js'
import type { FillEnd, FillId, FillLease } from '../store.js'
import type { Stamp } from '../validity.js'
import { type Renewable, Renewals } from './renewals.js'

/**
 * A store's operations on a lease, which its holder keeps only as long as the store confirms it.
 */
export interface LeaseKeeper {
  /** Milliseconds until the store lets the lease expire. Default {@link FILL_LEASE}. */
  readonly lifetime?: number
  /**
   * Stores the frame, releases the lease and notifies waiting clients.
   * @param traceparent the fill's span, if it has one
   */
  store (frame: Buffer, ttl: number, traceparent?: string): Promise<void>
  /** Resolves to false if the lease is lost. */
  renew (): Promise<boolean>
  /** Releases the lease and notifies waiting clients. */
  release (how: Exclude<FillEnd, 'unknown'>, traceparent?: string): Promise<void>
  /** Stores, beside the lease, which fills this one waits for. */
  setWaits (fills: readonly FillId[]): Promise<void>
}

/**
 * Milliseconds until a lease expires unless it is renewed: others wait that long for an instance
 * that has died.
 */
export const FILL_LEASE = 1500
export const RENEW_EVERY = 300

const ofProcess = new Renewals(RENEW_EVERY)

/**
 * A fill lease that renews itself until it ends.
 *
 * An instance that is frozen or blocked for longer loses it to another; the value it computes is
 * then checked like any entry.
 */
export class RenewedLease implements FillLease, Renewable {
  #trace: { readonly traceparent?: string } | undefined
  #isOpen = true
  #isStoring = false
  /** Time at which the store had confirmed the lease, on the monotonic clock. */
  #confirmedAt = performance.now()

  constructor (
    readonly id: FillId,
    readonly stamp: Stamp,
    readonly keeper: LeaseKeeper,
    readonly renewals = ofProcess
  ) {
    renewals.add(this)
  }

  renew (): void {
    // If there is no answer, the next renewal may get one, or the lease expires.
    this.keeper.renew().then(
      (mine) => {
        if (mine) this.#confirmedAt = performance.now()
        // A renewal that is overtaken by storing finds no lease either.
        else if (this.#isOpen && !this.#isStoring) this.#lose()
      },
      () => {}
    )
  }

  async store (frame: Buffer, ttl: number): Promise<void> {
    this.#checkExpiry()
    this.#isStoring = true
    try {
      await this.keeper.store(frame, ttl, this.#trace?.traceparent)
      this.#close()
    } finally {
      this.#isStoring = false
    }
  }

  end (how: Exclude<FillEnd, 'unknown'>): void {
    if (!this.#isOpen) return
    this.#checkExpiry()
    this.#close()
    // If the release does not arrive, the lease expires.
    this.keeper.release(how, this.#trace?.traceparent).catch(() => {})
  }

  async setWaits (fills: readonly FillId[]): Promise<void> {
    if (this.#isOpen) await this.keeper.setWaits(fills)
  }

  setTrace (trace: { readonly traceparent?: string }): void {
    this.#trace = trace
  }

  /** A process that was blocked ends its fill before the renewal that would notice. */
  #checkExpiry (): void {
    if (this.#isOpen && this.#unconfirmed > (this.keeper.lifetime ?? FILL_LEASE)) this.#lose()
  }

  get #unconfirmed (): number {
    return performance.now() - this.#confirmedAt
  }

  #lose (): void {
    emit('weir:cache:lose', () => ({ ms: Math.round(this.#unconfirmed) }))
    this.#close()
  }

  #close (): void {
    this.#isOpen = false
    this.renewals.delete(this)
  }
}
