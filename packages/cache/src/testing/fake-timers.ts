import { promisify } from 'node:util'

const { setTimeout: realSetTimeout, clearTimeout: realClearTimeout } = globalThis

type Callback = (...args: unknown[]) => void

/** Timers of a clock that stands still: each runs at its due time, as shown by the clock. */
export class FakeTimers {
  readonly #waiting = new Set<FakeTimer>()

  constructor (readonly now: () => number) {}

  /** Replaces `setTimeout` and `clearTimeout`. */
  install (): void {
    const setTimeout = (callback: Callback, ms?: number, ...args: unknown[]) =>
      new FakeTimer(this, callback, ms, args)
    const later = (ms?: number, value?: unknown) =>
      new Promise((resolve) => {
        setTimeout(resolve, ms, value)
      })
    Reflect.set(globalThis, 'setTimeout', Object.assign(setTimeout, { [promisify.custom]: later }))
    Reflect.set(
      globalThis,
      'clearTimeout',
      (timer?: FakeTimer | NodeJS.Timeout | string | number) => {
        if (timer instanceof FakeTimer) timer.close()
        else realClearTimeout(timer)
      }
    )
  }

  restore (): void {
    globalThis.setTimeout = realSetTimeout
    globalThis.clearTimeout = realClearTimeout
    this.#waiting.clear()
  }

  add (timer: FakeTimer): void {
    // A timer that is set again runs after others due at the same time.
    this.#waiting.delete(timer)
    this.#waiting.add(timer)
  }

  delete (timer: FakeTimer): void {
    this.#waiting.delete(timer)
  }

  /** Returns the timer that runs next, if it is due by `until`. */
  next (until: number): FakeTimer | undefined {
    let next: FakeTimer | undefined
    for (const timer of this.#waiting) {
      if (timer.at <= until && timer.at < (next?.at ?? Infinity)) next = timer
    }
    return next
  }
}

class FakeTimer {
  at = 0
  readonly #ms: number
  #isRef = true

  constructor (
    readonly timers: FakeTimers,
    readonly callback: Callback,
    ms: number | undefined,
    readonly args: readonly unknown[]
  ) {
    // Node's own behavior.
    this.#ms = ms !== undefined && ms >= 1 && ms <= 2 ** 31 - 1 ? Math.trunc(ms) : 1
    this.refresh()
  }

  run (): void {
    this.close()
    this.callback(...this.args)
  }

  refresh (): this {
    this.at = this.timers.now() + this.#ms
    this.timers.add(this)
    return this
  }

  close (): this {
    this.timers.delete(this)
    return this
  }

  ref (): this {
    this.#isRef = true
    return this
  }

  unref (): this {
    this.#isRef = false
    return this
  }

  hasRef (): boolean {
    return this.#isRef
  }
}
