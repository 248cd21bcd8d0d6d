import { RecentKeys } from '@weir/internal'

/**
 * Remembers which responses of a route could be shared although the request had a credential (RFC
 * 9111, section 3.5). This is certain only after the handler has answered; until then the last
 * response for the same key, or else for the route, predicts the next. A wrong guess costs one more
 * run, never a leak.
 */
export class SharedKeys {
  readonly #shared = new RecentKeys<boolean>()
  #last = false

  /** Returns whether the response for the key is expected to be shareable. */
  has (key: string): boolean {
    return this.#shared.get(key) ?? this.#last
  }

  /** Returns whether the last response for the key was private. */
  wasOwn (key: string): boolean {
    return this.#shared.get(key) === false
  }

  note (key: string, shared: boolean): void {
    this.#last = shared
    this.#shared.set(key, shared)
  }
}
