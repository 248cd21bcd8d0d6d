import { setTimeout as delay } from 'node:timers/promises'
import { type FaultKind, FAULTS, type World } from './faults.js'
import type { Random } from './random.js'

/** A fault that has happened or is in progress. Times as in the judge's history. */
export interface Incident {
  readonly kind: FaultKind
  readonly begin: number
  end: number
  target: string
  /** Responses and acknowledgements during it and just after: some faults are over at once. */
  reads: number
  writes: number
}

// Milliseconds.
const AFTERMATH = 500

/** Triggers faults, in an order and for durations given by the seed, until `signal` is aborted. */
export class Schedule {
  readonly incidents: Incident[] = []
  readonly #on = new Set<Incident>()

  /** @param pause longest pause between two faults with the same target, in ms */
  constructor (
    readonly world: World,
    readonly kinds: readonly FaultKind[],
    readonly random: Random,
    readonly pause: number
  ) {}

  /** Call it for each response. */
  count (what: 'reads' | 'writes'): void {
    for (const incident of this.#on) incident[what]++
  }

  /** Resolves when the last fault is over. */
  async run (signal: AbortSignal): Promise<void> {
    await Promise.all(
      (['store', 'instances', 'outbox', 'database', 'edge'] as const).map(async (target) => {
        const kinds = this.kinds.filter((kind) => FAULTS[kind].befalls === target)
        if (kinds.length > 0) await this.#befall(kinds, target, signal)
      })
    )
  }

  async #befall (kinds: readonly FaultKind[], target: string, signal: AbortSignal): Promise<void> {
    const random = this.random.of(target)
    // Shuffled instead of drawn, so that each comes soon.
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
      // A quiet period of the same length, or nothing else would happen.
      const rest = FAULTS[kind].rests ? incident.end - incident.begin : 0
      if (!(await passes(rest, signal))) return
    }
  }
}

/** Waits; false if the signal came first. */
async function passes (ms: number, signal: AbortSignal): Promise<boolean> {
  try {
    await delay(ms, undefined, { signal })
    return true
  } catch {
    return false
  }
}
