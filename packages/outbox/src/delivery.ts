import { within } from '@weir/internal'
import { timedOut } from './errors.js'
import { emit } from './events.js'
import { outlasting } from './lease.js'
import type { Rows } from './rows.js'

/** What `add` gives: an invalidation that is written, to be delivered once its transaction has been committed. */
export interface Ticket {
  readonly id: string
  readonly tags: readonly string[]
}

/**
 * `delivered`: no instance serves any more what was invalidated. `queued`: nobody could deliver it yet, and no instance
 * uses the cache before it has.
 */
export type DeliveryOutcome = 'delivered' | 'queued'

/** What a delivery works with. */
export interface DeliveryParts {
  readonly rows: Pick<Rows, 'has' | 'remove'>
  /** Bounded in time. */
  readonly invalidate: (tags: readonly string[]) => Promise<unknown>
  /** How long every instance's lease is, in ms. */
  readonly lease: number
  /** How often it is tried, and looked whether somebody else did it, in ms. */
  readonly pollInterval: number
}

/** The writer's side of the protocol. */
export class Delivery {
  readonly #parts: DeliveryParts

  constructor (parts: DeliveryParts) {
    this.#parts = parts
  }

  /** Does not fail. Whatever the outcome is, the relays of all instances go on with what is in the table. */
  async deliver ({ id, tags }: Ticket): Promise<DeliveryOutcome> {
    if (tags.length === 0) return 'delivered'
    const { rows, lease, pollInterval } = this.#parts
    const deadline = performance.now() + outlasting(lease)
    let attempt = this.#attempt(tags)
    for (;;) {
      const wait = Math.min(pollInterval, deadline - performance.now())
      if (await succeeds(attempt, wait) || await Promise.race([attempt.success, this.#isGone(id)])) {
        await rows.remove([id])
        return 'delivered'
      }
      if (performance.now() > deadline) return 'queued'
      if (attempt.failed) attempt = this.#attempt(tags)
    }
  }

  #attempt (tags: readonly string[]): Attempt {
    let succeed: (success: true) => void = () => {}
    const attempt = { failed: false, success: new Promise<true>((resolve) => { succeed = resolve }) }
    this.#parts.invalidate(tags).then(() => { succeed(true) }, (error: unknown) => {
      attempt.failed = true
      emit('weir:outbox:error', { operation: 'invalidate', error })
    })
    return attempt
  }

  /** A row leaves the table when it has been delivered, by whichever instance. */
  async #isGone (id: string): Promise<boolean> {
    try {
      return !await this.#parts.rows.has(id)
    } catch (error) {
      emit('weir:outbox:error', { operation: 'read', error })
      return false
    }
  }
}

/** `success` settles only if it succeeds. */
interface Attempt {
  readonly failed: boolean
  readonly success: Promise<true>
}

const succeeds = (attempt: Attempt, ms: number) =>
  within(ms, attempt.success, timedOut('The invalidation', ms)).catch(() => false)
