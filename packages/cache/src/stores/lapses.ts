import { emit } from '../events.js'

/** Publishes each lapse of this instance's lease on its memory: once, however long it lasts. */
export class Lapses {
  /** Whether the lease held when the last proof arrived, and entries are checked with it. */
  #isHeld = false
  #asOf = -Infinity

  /** @param lease milliseconds */
  constructor (readonly lease: number) {}

  /**
   * A proof has arrived.
   * @param sent when it was requested, on the monotonic clock
   * @param isUsed whether entries are checked with it; otherwise no lapse matters
   */
  proved (sent: number, isUsed: boolean): void {
    const now = performance.now()
    if (this.#isHeld && now - this.#asOf > this.lease) {
      emit('weir:cache:lapse', () => ({ reason: 'late' }))
    }
    this.#asOf = sent
    // A proof that took longer than the lease continues the same lapse.
    this.#isHeld = isUsed && now - sent <= this.lease
  }

  /** The connection was lost, and with it the lease. */
  lost (): void {
    if (this.#isHeld) emit('weir:cache:lapse', () => ({ reason: 'connection' }))
    this.#isHeld = false
  }

  /** Entries are no longer checked: the lease ends on purpose. */
  ended (): void {
    this.#isHeld = false
  }
}
