import { parseTraceparent } from '@weir/internal'
import type { FillEnd } from '../store.js'
import { withResolvers } from '../with-resolvers.js'

// Milliseconds between checks, while clients wait, that announcements are still reliable.
const LOOK_EVERY = 50
// Number of announcements kept for callers whose claim is still in flight.
const RECENT = 1000

/** A connection that delivers announcements. */
export interface Hearing {
  /** Reports whether every message published at least one lease ago has been received. */
  isCoherent (): boolean
  listen (channel: string, listener: FillAnnouncements): void
}

/** The announced end of a fill, and the fill's span if it has one. */
interface Ended {
  readonly end: FillEnd
  readonly traceparent: string | undefined
}

interface Wait {
  readonly ended: Promise<FillEnd>
  readonly tell: (end: FillEnd) => void
}

/** Ends of other instances' fills, by lease token, as announced on the namespace's channel. */
export class FillAnnouncements {
  readonly #waiting = new Map<string, Wait>()
  readonly #recent = new Map<string, Ended>()
  #interruptions = 0

  constructor (readonly subscription: Hearing | undefined, channel: string) {
    subscription?.listen(channel, this)
  }

  /** Increases whenever announcements may have been missed. */
  get interruptions (): number {
    return this.#interruptions
  }

  /**
   * Resolves when the fill's end is announced.
   *
   * Resolves to `unknown` when its lease expires, or if announcements may have been lost since the
   * claim was sent.
   * @param left milliseconds until the lease expires if it is not renewed
   * @param before `interruptions` when the claim was sent
   */
  ended (token: string, left: number, before: number): Promise<FillEnd> {
    const recent = this.#recent.get(token)
    if (recent !== undefined) return Promise.resolve(recent.end)
    if (before !== this.#interruptions) return Promise.resolve('unknown')
    const wait = this.#waiting.get(token) ?? this.#begin(token, performance.now() + left)
    return wait.ended
  }

  /** Returns the span of a fill whose end was announced lately, if it has one. */
  traceparentOf (token: string): string | undefined {
    return this.#recent.get(token)?.traceparent
  }

  /** Ends announced before the subscription are not received. */
  subscribed (): void {
    this.#askAgain()
  }

  heard (message: string): void {
    const [end, token, traceparent] = message.split(' ')
    if (token === undefined || !isEnd(end)) return
    const span = parseTraceparent(traceparent) === undefined ? undefined : traceparent
    this.#recent.set(token, { end, traceparent: span })
    for (const oldest of this.#recent.keys()) {
      if (this.#recent.size <= RECENT) break
      this.#recent.delete(oldest)
    }
    this.#waiting.get(token)?.tell(end)
  }

  lost (): void {
    this.#askAgain()
  }

  #askAgain (): void {
    this.#interruptions++
    for (const { tell } of this.#waiting.values()) tell('unknown')
  }

  #begin (token: string, over: number): Wait {
    const { promise, resolve } = withResolvers<FillEnd>()
    const isCoherent = () => this.subscription?.isCoherent() === true
    // Starts a proof that the first check can rely on.
    isCoherent()
    // A process that was briefly busy does not lack its lease at two checks in a row.
    let missed = 0
    const look = setInterval(() => {
      missed = isCoherent() ? 0 : missed + 1
      if (performance.now() >= over || missed > 1) tell('unknown')
    }, LOOK_EVERY)
    const tell = (end: FillEnd) => {
      clearInterval(look)
      this.#waiting.delete(token)
      resolve(end)
    }
    const wait = { ended: promise, tell }
    this.#waiting.set(token, wait)
    return wait
  }
}

const isEnd = (word: string | undefined): word is FillEnd =>
  word === 'done' || word === 'unshared' || word === 'failed'

/** The text of an announcement. Instances of earlier versions ignore the span at its end. */
export const announcement = (token: string, how: FillEnd, traceparent?: string) =>
  traceparent === undefined ? `${how} ${token}` : `${how} ${token} ${traceparent}`
