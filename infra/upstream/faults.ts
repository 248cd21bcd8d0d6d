/** A fault: replaces a response, or delays it. */
export interface Fault {
  /**
   * `latency`: answers after `ms`. `status`: answers with it and an error body. `drop`: ends the
   * connection without an answer. `truncate`: ends it half-way through the body. `malformed`:
   * answers with half of the JSON, as if it were complete. `body`: answers with the given text.
   */
  readonly kind: 'latency' | 'status' | 'drop' | 'truncate' | 'malformed' | 'body'
  readonly ms?: number
  readonly status?: number
  /** Seconds in Retry-After of a `status`. */
  readonly retryAfter?: number
  readonly text?: string
  /** Number of requests affected; all until it is cleared, if omitted. */
  readonly requests?: number
  /** Affects only requests whose path begins with this. */
  readonly path?: string
}

const KINDS: readonly unknown[] = [
  'latency',
  'status',
  'drop',
  'truncate',
  'malformed',
  'body'
] satisfies Fault['kind'][]
const NUMBERS = ['ms', 'status', 'retryAfter', 'requests'] as const
const TEXTS = ['text', 'path'] as const

/** Checks that a value is a fault: it comes from the network and may be anything. */
export function isFault (value: unknown): value is Fault {
  if (
    typeof value !== 'object' ||
    value === null ||
    !('kind' in value) ||
    !KINDS.includes(value.kind)
  ) { return false }
  const has = (name: string): unknown => Reflect.get(value, name)
  return (
    NUMBERS.every(
      (name) => has(name) === undefined || (Number.isInteger(has(name)) && Number(has(name)) >= 0)
    ) && TEXTS.every((name) => has(name) === undefined || typeof has(name) === 'string')
  )
}

/** The active faults, oldest first; a request gets the first that applies to it. */
export class Faults {
  #active: { readonly fault: Fault, left: number }[] = []

  add (fault: Fault): void {
    this.#active.push({ fault, left: fault.requests ?? Infinity })
  }

  clear (): void {
    this.#active = []
  }

  list (): readonly Fault[] {
    return this.#active.map(({ fault, left }) =>
      left === Infinity ? fault : { ...fault, requests: left }
    )
  }

  /** Returns the fault for a request, and counts it as used. */
  take (path: string): Fault | undefined {
    const found = this.#active.find(({ fault }) => path.startsWith(fault.path ?? ''))
    if (found === undefined) return undefined
    if (--found.left <= 0) this.#active = this.#active.filter((active) => active !== found)
    return found.fault
  }
}
