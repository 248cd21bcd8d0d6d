import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { CacheEvents } from '@weir/cache'

type Operation = CacheEvents['weir:cache:error']['operation']

/** Counts how often the caches of this process continued without their store, by operation. */
export class CacheErrors {
  readonly counts: Record<Operation, number> = { read: 0, write: 0, fill: 0 }

  constructor () {
    subscribe('weir:cache:error', this.#onError)
  }

  close (): void {
    unsubscribe('weir:cache:error', this.#onError)
  }

  readonly #onError = (message: unknown) => {
    this.counts[(message as CacheEvents['weir:cache:error']).operation]++
  }
}
