import { setTimeout as delay } from 'node:timers/promises'
import { Recorder } from '../recorder.js'
import { type Figures } from '../result.js'
import { randomFrom } from './random.js'
import { type Shopper } from './shopper.js'
import { type Kind, KINDS, type Visit } from './visits.js'

/**
 * Arrival of requests: a fixed number per second whatever the responses (open), or each after the
 * response to the previous one (closed).
 */
export type Arrival = { readonly perSecond: number } | { readonly atOnce: number }

/** Figures of one load: overall, and by kind. */
export interface TrafficFigures extends Figures {
  readonly kinds: readonly { readonly kind: Kind, readonly figures: Figures }[]
}

/** One load, measured in several stretches with common figures. */
export class Traffic {
  readonly #all = new Recorder(1, 0)
  readonly #kinds = new Map<Kind, Recorder>()
  readonly #gap = randomFrom(7)
  /** Milliseconds measured before the current stretch. */
  #before = 0

  constructor (
    readonly shopper: Shopper,
    readonly visits: Iterator<Visit, never>,
    readonly arrival: Arrival
  ) {}

  /** Sends visits for `seconds`, and waits for the last responses. */
  async send (seconds: number, signal: AbortSignal): Promise<void> {
    const began = performance.now()
    const until = began + seconds * 1000
    const visit = (at: number) => this.#visit(this.visits.next().value, at, { began, until })
    if ('atOnce' in this.arrival) {
      await Promise.all(
        Array.from({ length: this.arrival.atOnce }, async () => {
          while (performance.now() < until && !signal.aborted) await visit(performance.now())
        })
      )
    } else {
      const underWay = new Set<Promise<void>>()
      for (
        let at = began;
        at < until && !signal.aborted;
        at += (-Math.log(1 - this.#gap()) * 1000) / this.arrival.perSecond
      ) {
        const early = at - performance.now()
        if (early > 1) await delay(early, undefined, { signal }).catch(() => {})
        const one: Promise<void> = visit(at).finally(() => underWay.delete(one))
        underWay.add(one)
      }
      await Promise.all(underWay)
    }
    this.#before += Math.min(performance.now(), until) - began
  }

  figures (): TrafficFigures {
    return {
      ...this.#all.figures(this.#before),
      kinds: Object.keys(KINDS).flatMap((name) => {
        const kind = name as Kind
        const recorder = this.#kinds.get(kind)
        return recorder === undefined ? [] : [{ kind, figures: recorder.figures(this.#before) }]
      })
    }
  }

  /** Sends one visit that was due at `due`; waiting for a connection counts towards its latency. */
  async #visit (
    visit: Visit,
    due: number,
    { began, until }: { began: number; until: number }
  ): Promise<void> {
    let own = this.#kinds.get(visit.kind)
    if (own === undefined) this.#kinds.set(visit.kind, (own = new Recorder(1, 0)))
    const at = () => this.#before + Math.min(performance.now(), until) - began
    try {
      const { status, judgement } = await this.shopper.visit(visit)
      for (const recorder of [this.#all, own]) {
        recorder.answered(status, judgement, performance.now() - due, at())
      }
    } catch (error) {
      const reason = error instanceof Error && 'code' in error ? String(error.code) : String(error)
      for (const recorder of [this.#all, own]) recorder.failed(reason, at())
    }
  }
}
