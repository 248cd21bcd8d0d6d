import { within } from '@weir/internal'
import { chunkEnd } from './chunk.js'
import { timedOut } from './errors.js'
import { emit } from './events.js'
import { outlasting } from './lease.js'
import type { Rows } from './rows.js'

/**
 * `delivered`: no instance serves the invalidated values any more. `queued`: the invalidation could
 * not be delivered yet, and no instance uses its cache until it is. `unconfirmed`, only with an
 * edge: the fleet is done, but a cache beyond it that the write waits for has not confirmed in
 * time, and may serve the old version until it has.
 */
export type DeliveryOutcome = 'delivered' | 'queued' | 'unconfirmed'

/** Dependencies of a delivery. */
export interface DeliveryParts {
  readonly rows: Pick<Rows, 'hasAny' | 'remove'>
  /** Limited in time. */
  readonly invalidate: (tags: readonly string[]) => Promise<unknown>
  /** Length of every instance's lease, in ms. */
  readonly lease: number
  /**
   * Milliseconds between attempts, and between checks whether another instance has delivered it.
   */
  readonly pollInterval: number
}

/** Tags, and the rows through which every relay knows them. */
export interface Deliverable {
  readonly tags: readonly string[]
  /** Rows with exactly these tags. Empty: deliveries by other instances do not count. */
  readonly ids: readonly string[]
}

/** The writer's side of the protocol. */
export class Delivery {
  readonly #parts: DeliveryParts

  constructor (parts: DeliveryParts) {
    this.#parts = parts
  }

  /**
   * Never rejects. Whatever the outcome, the relays of all instances process the rows in the table.
   */
  async deliver ({ tags, ids }: Deliverable): Promise<'delivered' | 'queued'> {
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

  /** A row leaves the table when any instance has delivered it. */
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
  /** Number of invalidated tags. */
  done: number
  failed: boolean
  /** The relays take over: no further chunk is started. */
  isGivenUp: boolean
  /** Settles only on success. */
  readonly success: Promise<true>
}

const succeeds = (attempt: Attempt, ms: number) =>
  within(ms, attempt.success, timedOut('The invalidation', ms)).catch(() => false)
