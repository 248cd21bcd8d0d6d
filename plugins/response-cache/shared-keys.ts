import { RecentKeys } from '@weir/internal'

/**
 * Which responses of a route could be shared although the request had a credential (RFC 9111,
 * section 3.5). This is known for certain only when the handler has answered; until then the last
 * answer for the same key, or else for the route, stands for the next. A wrong guess costs one more
 * run, never a leak.
 */
export class SharedKeys {
  readonly #shared = new RecentKeys<boolean>()
  #last = false

  /** Whether the response for the key can be expected to be one for everybody. */
  has (key: string): boolean {
    return this.#shared.get(key) ?? this.#last
  }

  /** Whether the last response for the key was one client's. */
  wasOwn (key: string): boolean {
    return this.#shared.get(key) === false
  }

  note (key: string, shared: boolean): void {
    this.#last = shared
    this.#shared.set(key, shared)
  }
}
