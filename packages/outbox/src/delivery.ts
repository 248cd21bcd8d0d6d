import { within } from '@weir/internal'
import { chunkEnd } from './chunk.js'
import { timedOut } from './errors.js'
import { emit } from './events.js'
import { outlasting } from './lease.js'
import type { Rows } from './rows.js'

/**
 * `delivered`: no instance serves any more what was invalidated. `queued`: nobody could deliver it
 * yet, and no instance uses the cache before it has.
 */
export type DeliveryOutcome = 'delivered' | 'queued'

/** What a delivery works with. */
export interface DeliveryParts {
  readonly rows: Pick<Rows, 'hasAny' | 'remove'>
  /** Bounded in time. */
  readonly invalidate: (tags: readonly string[]) => Promise<unknown>
  /** How long every instance's lease is, in ms. */
  readonly lease: number
  /** How often it is tried, and looked whether somebody else did it, in ms. */
  readonly pollInterval: number
}

/** Tags, and the rows by which every relay knows of them. */
export interface Deliverable {
  readonly tags: readonly string[]
  /** Rows with these tags and no others. None: nobody else's delivery counts. */
  readonly ids: readonly string[]
}

/** The writer's side of the protocol. */
export class Delivery {
  readonly #parts: DeliveryParts

  constructor (parts: DeliveryParts) {
    this.#parts = parts
  }

  /**
   * Does not fail. Whatever the outcome is, the relays of all instances go on with what is in the
   * table.
   */
  async deliver ({ tags, ids }: Deliverable): Promise<DeliveryOutcome> {
    if (tags.length === 0) return 'delivered'
    const { rows, lease, pollInterval } = this.#parts
    const deadline = performance.now() + outlasting(lease)
    let attempt = this.#attempt(tags)
    for (;;) {
      const wait = Math.min(pollInterval, deadline - performance.now())
      if (
        (await succeeds(attempt, wait)) ||
        (await Promise.race([attempt.success, this.#areGone(ids)]))
      ) {
        await rows.remove(ids)
        return 'delivered'
      }
      if (performance.now() > deadline) {
        attempt.isGivenUp = true
        return 'queued'
      }
      if (attempt.failed) attempt = this.#attempt(tags, attempt.done)
    }
  }

  /** Invalidates the tags from `done` on, chunk by chunk. */
  #attempt (tags: readonly string[], done = 0): Attempt {
    let succeed: (success: true) => void = () => {}
    const success = new Promise<true>((resolve) => { succeed = resolve })
    const attempt: Attempt = { done, failed: false, isGivenUp: false, success }
    const carryThrough = async () => {
      while (attempt.done < tags.length && !attempt.isGivenUp) {
        const end = chunkEnd(tags, attempt.done)
        await this.#parts.invalidate(tags.slice(attempt.done, end))
        attempt.done = end
      }
    }
    carryThrough().then(() => { succeed(true) }, (error: unknown) => {
      attempt.failed = true
      emit('weir:outbox:error', { operation: 'invalidate', error })
    })
    return attempt
  }

  /** A row leaves the table when it has been delivered, by whichever instance. */
  async #areGone (ids: readonly string[]): Promise<boolean> {
    if (ids.length === 0) return false
    try {
      return !await this.#parts.rows.hasAny(ids)
    } catch (error) {
      emit('weir:outbox:error', { operation: 'read', error })
      return false
    }
  }
}

interface Attempt {
  /** Tags that are invalidated. */
  done: number
  failed: boolean
  /** The relays have it: no further chunk is begun. */
  isGivenUp: boolean
  /** Settles only if it succeeds. */
  readonly success: Promise<true>
}

const succeeds = (attempt: Attempt, ms: number) =>
  within(ms, attempt.success, timedOut('The invalidation', ms)).catch(() => false)
