// Milliseconds from a failure to the first probe, and from the end of one probe to the next: twice
// as long each time, up to the longest.
const FIRST_PAUSE = 50
const LONGEST_PAUSE = 250
// A probe without an answer for so many milliseconds does not hold up the next one.
const PROBE_TIMEOUT = 1000

export interface BreakerOptions {
  /**
   * Asks for something cheap. The calls go through again once it resolves.
   * @param about what the last call that failed was about, as `run` was told
   */
  readonly probe: (about: string) => Promise<unknown>
  /** Makes the error of a call that is refused. */
  readonly refusal: () => Error
  /** Tells errors that are answers, as of a command that Redis refuses. Default: none is. */
  readonly isAnswer?: (error: unknown) => boolean
}

/**
 * Refuses calls to a service that does not answer, and probes it in the background.
 *
 * After a failure every call is refused at once, those under way too, until a probe is answered. No
 * call is ever the probe. So an outage costs a call at most the time until the first one fails,
 * even where a client sends commands only once those before them have failed, as ioredis does with
 * automatic pipelines. A refused call may still be executed, as one that timed out.
 *
 * Nothing but a probe closes the breaker. Answers to calls that were sent before it opened do not:
 * in a cluster an answer of one node does not mean that another is back. Nor do their failures open
 * it again once a probe, which was sent after them, has been answered.
 *
 * Without a failure there is no timer; with one it does not keep the process alive.
 * @example
 * const refusal = () => new Error('Redis is down')
 * const breaker = new Breaker({ probe: () => client.ping(), refusal })
 * const value = await breaker.run(() => client.get('key'))
 */
export class Breaker {
  readonly #options: BreakerOptions
  #isOpen = false
  #isStopped = false
  /** Counts the outages that are over. */
  #period = 0
  #pause = FIRST_PAUSE
  #timer: NodeJS.Timeout | undefined
  /** Reject the calls that are under way. */
  readonly #underWay = new Set<(refusal: Error) => void>()
  /** The subject of the last call that was not answered. */
  #suspect = ''

  constructor (options: BreakerOptions) {
    this.#options = options
  }

  /** Whether calls are refused. */
  get isOpen (): boolean {
    return this.#isOpen
  }

  /**
   * @param about is what the probe is given if the call fails
   * @throws the refusal, without calling or while the call is under way; what `call` throws
   */
  run<R> (call: () => Promise<R>, about = ''): Promise<R> {
    if (this.#isOpen) return Promise.reject(this.#options.refusal())
    const period = this.#period
    return new Promise((resolve, reject) => {
      const failed = (error: Error) => {
        this.#underWay.delete(reject)
        reject(error)
        if (this.#isAnswer(error)) return
        this.#suspect = about
        if (period === this.#period) this.#open()
      }
      this.#underWay.add(reject)
      begun(call).then((value) => {
        this.#underWay.delete(reject)
        resolve(value)
      }, failed)
    })
  }

  /** Ends the probing, and with it the refusing: from now on calls fail by themselves. */
  stop (): void {
    this.#isStopped = true
    this.#close()
  }

  #open (): void {
    if (this.#isOpen || this.#isStopped) return
    this.#isOpen = true
    for (const refuse of this.#underWay) refuse(this.#options.refusal())
    this.#underWay.clear()
    this.#probeLater(FIRST_PAUSE)
  }

  #close (): void {
    this.#isOpen = false
    this.#period++
    clearTimeout(this.#timer)
  }

  #probeLater (pause: number): void {
    this.#pause = pause
    this.#schedule(pause)
  }

  /** Schedules the next probe, in place of the one that was scheduled. */
  #schedule (ms: number): NodeJS.Timeout {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => { this.#probe().catch(() => {}) }, ms).unref()
    return this.#timer
  }

  async #probe (): Promise<void> {
    const period = this.#period
    const next = this.#schedule(PROBE_TIMEOUT)
    const isAnswered = await this.#isAnswered()
    if (period !== this.#period) return
    // Also after the deadline: a slow service is one that answers.
    if (isAnswered) this.#close()
    else if (next === this.#timer) this.#probeLater(Math.min(2 * this.#pause, LONGEST_PAUSE))
  }

  async #isAnswered (): Promise<boolean> {
    try {
      await this.#options.probe(this.#suspect)
      return true
    } catch (error) {
      return this.#isAnswer(error)
    }
  }

  #isAnswer (error: unknown): boolean {
    return this.#options.isAnswer?.(error) === true
  }
}

/** The call's promise, also where it throws instead. */
function begun<R> (call: () => Promise<R>): Promise<R> {
  try {
    return call()
  } catch (error) {
    return rejected(error)
  }
}

async function rejected (error: unknown): Promise<never> {
  throw error
}
