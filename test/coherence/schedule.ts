import { setTimeout as delay } from 'node:timers/promises'
import { type FaultKind, FAULTS, type World } from './faults.js'
import type { Random } from './random.js'

/** A fault that has happened, or is on. Times as in the judge's history. */
export interface Incident {
  readonly kind: FaultKind
  readonly begin: number
  end: number
  target: string
  /** What was answered and acknowledged meanwhile, and just after: some are over at once. */
  reads: number
  writes: number
}

// In ms.
const AFTERMATH = 500

/**
 * Makes things go wrong, in an order and for times that the seed gives, until `signal` says that it
 * is enough.
 */
export class Schedule {
  readonly incidents: Incident[] = []
  readonly #on = new Set<Incident>()

  /** @param pause between two faults that befall the same, at most, in ms */
  constructor (
    readonly world: World,
    readonly kinds: readonly FaultKind[],
    readonly random: Random,
    readonly pause: number
  ) {}

  /** To be told of each answer. */
  count (what: 'reads' | 'writes'): void {
    for (const incident of this.#on) incident[what]++
  }

  /** Resolves when the last fault is over. */
  async run (signal: AbortSignal): Promise<void> {
    await Promise.all(
      (['store', 'instances', 'outbox'] as const).map(async (target) => {
        const kinds = this.kinds.filter((kind) => FAULTS[kind].befalls === target)
        if (kinds.length > 0) await this.#befall(kinds, target, signal)
      })
    )
  }

  async #befall (kinds: readonly FaultKind[], target: string, signal: AbortSignal): Promise<void> {
    const random = this.random.of(target)
    // Shuffled, and not drawn: then each comes soon.
    for (let deck: FaultKind[] = []; ; deck = deck.length > 0 ? deck : random.shuffled(kinds)) {
      if (!(await passes(random.between(0, this.pause), signal))) return
      const kind = deck.pop()
      if (kind === undefined) continue
      const incident = {
        kind,
        begin: performance.now(),
        end: Infinity,
        target: '',
        reads: 0,
        writes: 0
      }
      this.incidents.push(incident)
      this.#on.add(incident)
      incident.target = await FAULTS[kind].run({ ...this.world, signal }, random)
      incident.end = performance.now()
      setTimeout(() => {
        this.#on.delete(incident)
      }, AFTERMATH).unref()
      // A quiet time as long, or there would be nothing but this.
      const rest = FAULTS[kind].rests ? incident.end - incident.begin : 0
      if (!(await passes(rest, signal))) return
    }
  }
}

/** False if the signal came first. */
async function passes (ms: number, signal: AbortSignal): Promise<boolean> {
  try {
    await delay(ms, undefined, { signal })
    return true
  } catch {
    return false
  }
}
