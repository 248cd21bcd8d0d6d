/** Counts events by name, and reports when a count is reached. */
export class Tally {
  readonly #counts = new Map<string, number>()
  readonly #waiting = new Set<{
    readonly name: string
    readonly count: number
    readonly resolve: () => void
  }>()

  add (name: string): void {
    const count = this.of(name) + 1
    this.#counts.set(name, count)
    for (const waiting of this.#waiting) {
      if (waiting.name !== name || waiting.count > count) continue
      this.#waiting.delete(waiting)
      waiting.resolve()
    }
  }

  of (name: string): number {
    return this.#counts.get(name) ?? 0
  }

  /** Resolves when the event has happened `count` times in all, at once if it already has. */
  reached (name: string, count: number): Promise<void> {
    if (this.of(name) >= count) return Promise.resolve()
    return new Promise((resolve) => {
      this.#waiting.add({ name, count, resolve })
    })
  }
}

/** A promise and a function that resolves it: the test decides when something continues. */
export function gate (): { readonly open: () => void, readonly opened: Promise<void> } {
  let open: () => void = () => {}
  const opened = new Promise<void>((resolve) => { open = resolve })
  return { open, opened }
}
