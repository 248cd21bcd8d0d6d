import { LONGEST_TIMER } from './duration.js'
import { withResolvers } from './with-resolvers.js'

// The real timers, taken at the start of the program: a test's fake clock must not stop a wait for
// real work.
const { setImmediate, setTimeout, clearTimeout } = globalThis

/** The work of a cache that is under way: fills, refreshes in the background, writes. */
export class Activity {
  #underWay = 0
  #ended: ReturnType<typeof withResolvers<void>> | undefined

  /** @param timeout milliseconds after which the end of work is no longer waited for */
  constructor (readonly timeout: number) {}

  begin (): void {
    this.#underWay++
  }

  readonly end = (): void => {
    if (--this.#underWay > 0) return
    this.#ended?.resolve()
    this.#ended = undefined
  }

  /** The promise is work that is under way until it is settled. */
  during<R> (work: Promise<R>): Promise<R> {
    this.begin()
    // Not awaited: that would cost each read from the store part of a microsecond.
    work.then(this.end, this.end)
    return work
  }

  /**
   * Resolves to true when nothing is under way, to false when that takes longer than the timeout.
   */
  async idle (): Promise<boolean> {
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<true>((resolve) => {
      timer = setTimeout(resolve, Math.min(this.timeout, LONGEST_TIMER), true)
    })
    for (;;) {
      const isLate = await Promise.race([late, this.#end()])
      // The end of one may be the beginning of another.
      await new Promise((resolve) => { setImmediate(resolve) })
      if (isLate || this.#underWay === 0) break
    }
    clearTimeout(timer)
    return this.#underWay === 0
  }

  async #end (): Promise<false> {
    if (this.#underWay > 0) {
      this.#ended ??= withResolvers()
      await this.#ended.promise
    }
    return false
  }
}
