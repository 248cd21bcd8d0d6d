import type { Entries, FillId, FillLease } from './store.js'

// Limits of the search for a cycle: steps from one instance's fill to the next, and fills per step.
const DEEPEST = 16
const WIDEST = 64

/** Announces in the store which remote fills the fill of a lease waits for. */
export class WaitAnnouncer {
  #last: Promise<void> = Promise.resolve()
  #next: Promise<void> | undefined
  #known = '[]'

  /** @param waits returns the fills currently waited for */
  constructor (readonly lease: FillLease, readonly waits: () => FillId[]) {}

  /** Resolves when the store has the current waits, or cannot be reached. One write at a time. */
  announce (): Promise<void> {
    this.#next ??= this.#last = this.#last.then(async () => {
      this.#next = undefined
      const waits = this.waits()
      const text = JSON.stringify(waits)
      if (text === this.#known) return
      await this.lease.setWaits?.(waits)
      this.#known = text
    }).catch(() => {})
    return this.#next
  }
}

/**
 * Collects the fill and all fills it waits for, directly or indirectly, as far as the stores know.
 *
 * A store that does not answer contributes nothing: an undetected cycle ends with `fillTimeout`.
 */
export async function followWaits (fill: FillId, stores: readonly Entries[]): Promise<Set<FillId>> {
  const reached = new Set<FillId>()
  let step = [fill]
  for (let depth = 0; step.length > 0 && depth <= DEEPEST; depth++) {
    for (const next of step) reached.add(next)
    const asked = step.flatMap((next) => stores.map((store) => waitsOf(store, next)))
    const waits = new Set((await Promise.all(asked)).flat())
    step = [...waits].filter((next) => !reached.has(next)).slice(0, WIDEST)
  }
  return reached
}

async function waitsOf (store: Entries, fill: FillId): Promise<readonly FillId[]> {
  try {
    return await store.waitsOf?.(fill) ?? []
  } catch {
    return []
  }
}
