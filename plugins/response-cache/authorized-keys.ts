// How many keys of one route are remembered.
const MOST = 1000

/**
 * Which responses of a route could be shared although the request had Authorization (RFC 9111, section 3.5).
 * This is known for certain only when the handler has answered; until then the last answer for the same
 * key, or else for the route, stands for the next. A wrong guess costs single-flight once, never a leak.
 */
export class AuthorizedKeys {
  readonly #shared = new Map<string, boolean>()
  #last = false

  /** Whether the response for the key can be expected to be one for everybody. */
  has (key: string): boolean {
    return this.#shared.get(key) ?? this.#last
  }

  note (key: string, shared: boolean): void {
    this.#last = shared
    this.#shared.delete(key)
    this.#shared.set(key, shared)
    for (const oldest of this.#shared.keys()) {
      if (this.#shared.size <= MOST) return
      this.#shared.delete(oldest)
    }
  }
}
