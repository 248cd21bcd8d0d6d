import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { type CacheEvents, keyTag } from '@weir/cache'
import type { Invalidation } from '@weir/metrics'

const MOST = 20
const MOST_TAGS = 20
const LONGEST_TAG = 200

/** Last few invalidations of this process, for display; long tag lists are cut. */
export class Invalidations {
  readonly #last: Invalidation[] = []

  constructor () {
    subscribe('weir:cache:invalidate', this.#onInvalidate)
    subscribe('weir:cache:clear', this.#onClear)
  }

  /** Oldest first. */
  list (): Invalidation[] {
    return [...this.#last]
  }

  close (): void {
    unsubscribe('weir:cache:invalidate', this.#onInvalidate)
    unsubscribe('weir:cache:clear', this.#onClear)
  }

  readonly #onInvalidate = (message: unknown) => {
    const { namespace, tags } = message as CacheEvents['weir:cache:invalidate']
    this.#add(namespace, tags.slice(0, MOST_TAGS).map(readable))
  }

  readonly #onClear = (message: unknown) => {
    this.#add((message as CacheEvents['weir:cache:clear']).namespace, [])
  }

  #add (namespace: string, tags: readonly string[]): void {
    this.#last.push({ at: Date.now(), namespace, tags })
    if (this.#last.length > MOST) this.#last.shift()
  }
}

// Prefix of the tags of keys, which are not for display.
const MARK = keyTag('')

const readable = (tag: string) =>
  (tag.startsWith(MARK) ? tag.slice(MARK.length) : tag).slice(0, LONGEST_TAG)
