import type { FillEnd, FillId, FillLease } from '../store.js'
import type { Stamp } from '../validity.js'
import { type Renewable, Renewals } from './renewals.js'

/** What a store does with a lease, which is its holder's only as long as the store says so. */
export interface LeaseKeeper {
  /** Keeps the frame, gives up the lease and tells those who wait. */
  store (frame: Buffer, ttl: number): Promise<void>
  /** Resolves to false if the lease is lost. */
  renew (): Promise<boolean>
  /** Gives up the lease and tells those who wait. */
  release (how: Exclude<FillEnd, 'unknown'>): Promise<void>
  /** Puts beside the lease which fills this one waits for. */
  setWaits (fills: readonly FillId[]): Promise<void>
}

/**
 * How long a lease lasts unless it is renewed, in milliseconds: so long do others wait for an
 * instance that has died.
 */
export const FILL_LEASE = 1500
export const RENEW_EVERY = 300

const ofProcess = new Renewals(RENEW_EVERY)

/**
 * A fill lease that renews itself until it is ended. An instance that is frozen or blocked for
 * longer loses it to another; what it computes is then judged like any entry.
 */
export class RenewedLease implements FillLease, Renewable {
  #isOpen = true

  constructor (
    readonly id: FillId,
    readonly stamp: Stamp,
    readonly keeper: LeaseKeeper,
    readonly renewals = ofProcess
  ) {
    renewals.add(this)
  }

  renew (): void {
    // If nobody answers, there may be an answer the next time, or the lease runs out.
    this.keeper.renew().then(
      (mine) => {
        if (!mine) this.#close()
      },
      () => {}
    )
  }

  async store (frame: Buffer, ttl: number): Promise<void> {
    await this.keeper.store(frame, ttl)
    this.#close()
  }

  end (how: Exclude<FillEnd, 'unknown'>): void {
    if (!this.#isOpen) return
    this.#close()
    // If it does not get there, the lease runs out.
    this.keeper.release(how).catch(() => {})
  }

  async setWaits (fills: readonly FillId[]): Promise<void> {
    if (this.#isOpen) await this.keeper.setWaits(fills)
  }

  #close (): void {
    this.#isOpen = false
    this.renewals.delete(this)
  }
}
