import type { FillEnd } from '../store.js'
import { withResolvers } from '../with-resolvers.js'

// While somebody waits: how often it is seen whether announcements can still be relied on, in
// milliseconds.
const LOOK_EVERY = 50
// How many are remembered for those whose question is still on its way.
const RECENT = 1000

/** A connection that announcements come through. */
export interface Hearing {
  /** Whether everything said a lease ago or earlier has been heard. */
  isCoherent (): boolean
  listen (channel: string, listener: FillAnnouncements): void
}

interface Wait {
  readonly ended: Promise<FillEnd>
  readonly tell: (end: FillEnd) => void
}

/**
 * How fills of other instances ended, by the token of their lease, as it is said on the namespace's
 * channel.
 */
export class FillAnnouncements {
  readonly #waiting = new Map<string, Wait>()
  readonly #recent = new Map<string, FillEnd>()
  #interruptions = 0

  constructor (readonly subscription: Hearing | undefined, channel: string) {
    subscription?.listen(channel, this)
  }

  /** Grows whenever announcements may have been missed. */
  get interruptions (): number {
    return this.#interruptions
  }

  /**
   * Resolves when the fill's end is announced; to `unknown` when its lease has run out or
   * announcements may be lost, also since it was asked who fills.
   * @param left milliseconds until the lease ends if it is not renewed
   * @param before interruptions when it was asked who fills
   */
  ended (token: string, left: number, before: number): Promise<FillEnd> {
    const recent = this.#recent.get(token)
    if (recent !== undefined) return Promise.resolve(recent)
    if (before !== this.#interruptions) return Promise.resolve('unknown')
    const wait = this.#waiting.get(token) ?? this.#begin(token, performance.now() + left)
    return wait.ended
  }

  /** An end that was announced before is not heard any more. */
  subscribed (): void {
    this.#askAgain()
  }

  heard (message: string): void {
    const [end, token] = message.split(' ')
    if (token === undefined || !isEnd(end)) return
    this.#recent.set(token, end)
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
    // Has it proven by the time of the first look.
    isCoherent()
    // A process that was busy for a moment is not without its lease for two looks.
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

/** What is said on the channel. */
export const announcement = (token: string, how: FillEnd) => `${how} ${token}`
