import { LONGEST_TIMER } from './duration.js'
import { withResolvers } from './with-resolvers.js'

// The real timers, captured at program start: a test's fake clock must not stop a wait for real
// work.
const { setImmediate, setTimeout, clearTimeout } = globalThis

/** Tracks a cache's pending work: fills, background refreshes and writes. */
export class Activity {
  #underWay = 0
  #ended: ReturnType<typeof withResolvers<void>> | undefined

  /** @param timeout milliseconds after which `idle` stops waiting */
  constructor (readonly timeout: number) {}

  begin (): void {
    this.#underWay++
  }

  readonly end = (): void => {
    if (--this.#underWay > 0) return
    this.#ended?.resolve()
    this.#ended = undefined
  }

  /** Counts the promise as pending work until it settles. */
  during<R> (work: Promise<R>): Promise<R> {
    this.begin()
    // Not awaited: awaiting would add a fraction of a microsecond to every store read.
    work.then(this.end, this.end)
    return work
  }

  /** Resolves to true when no work is pending, or to false after the timeout. */
  async idle (): Promise<boolean> {
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<true>((resolve) => {
      timer = setTimeout(resolve, Math.min(this.timeout, LONGEST_TIMER), true)
    })
    for (;;) {
      const isLate = await Promise.race([late, this.#end()])
      // One task that finishes may start another.
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
