import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { BREAKER_CHANGE, type BreakerChangeMessage } from '@weir/internal'
import type { BreakerChange } from '@weir/metrics'

const MOST = 20
const LONGEST_NAME = 100

/**
 * The last few changes of the circuit breakers of this process. Breakers of one name, as of the
 * nodes of a cluster, are one: it opens with the first of them and closes with the last.
 */
export class Breakers {
  readonly #last: BreakerChange[] = []
  /** Open breakers by name. */
  readonly #open = new Map<string, number>()

  constructor () {
    subscribe(BREAKER_CHANGE, this.#onChange)
  }

  /** Oldest first. */
  list (): BreakerChange[] {
    return [...this.#last]
  }

  close (): void {
    unsubscribe(BREAKER_CHANGE, this.#onChange)
  }

  readonly #onChange = (message: unknown) => {
    const { name, isOpen } = message as BreakerChangeMessage
    const before = this.#open.get(name) ?? 0
    const after = Math.max(0, before + (isOpen ? 1 : -1))
    if (after === 0) this.#open.delete(name)
    else this.#open.set(name, after)
    if ((before === 0) === (after === 0)) return
    this.#last.push({ at: Date.now(), name: name.slice(0, LONGEST_NAME), isOpen })
    if (this.#last.length > MOST) this.#last.shift()
  }
}
