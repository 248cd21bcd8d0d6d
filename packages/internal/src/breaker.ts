import { breakerChanged } from './breaker-change.js'
import { isMalformedRequest } from './sendable.js'

// Milliseconds from a failure to the first probe, and from the end of one probe to the next:
// doubled each time, up to the longest.
const FIRST_PAUSE = 50
const LONGEST_PAUSE = 250
// Milliseconds after which an unanswered probe no longer delays the next one.
const PROBE_TIMEOUT = 1000

export interface BreakerOptions {
  /** Name of what it protects calls to, for those who watch. Default: its changes are not told. */
  readonly name?: string
  /**
   * Sends a cheap request. Calls go through again once it resolves.
   * @param about subject of the last failed call, as passed to `run`
   */
  readonly probe: (about: string) => Promise<unknown>
  /** Creates the error of a rejected call. */
  readonly refusal: () => Error
  /**
   * Recognizes errors that are answers, such as a command that Redis rejects. Default: none are.
   * Errors of a request that was malformed, and therefore never sent, never count as silence.
   */
  readonly isAnswer?: (error: unknown) => boolean
}

/**
 * Rejects calls to a service that does not answer, and probes it in the background.
 *
 * After a failure every call is rejected at once, including those in progress, until a probe is
 * answered. No call ever serves as the probe. An outage thus costs a call at most the time until
 * the first failure, even if a client sends commands only after earlier ones have failed, as
 * ioredis does with automatic pipelines. A rejected call may still be executed, like one that timed
 * out.
 *
 * Only a probe closes the breaker. Answers to calls sent before it opened do not: in a cluster, an
 * answer of one node does not mean that another is back. Nor do failures of such calls reopen it
 * once a probe sent after them has been answered.
 *
 * The timer exists only after a failure, and does not keep the process alive.
 * @example
 * const refusal = () => new Error('Redis is down')
 * const breaker = new Breaker({ probe: () => client.ping(), refusal })
 * const value = await breaker.run(() => client.get('key'))
 */
export class Breaker {
  readonly #options: BreakerOptions
  #isOpen = false
  #isStopped = false
  /** Number of past outages. */
  #period = 0
  #pause = FIRST_PAUSE
  #timer: NodeJS.Timeout | undefined
  /** Rejection functions of the calls in progress. */
  readonly #underWay = new Set<(refusal: Error) => void>()
  /** The subject of the last unanswered call. */
  #suspect = ''

  constructor (options: BreakerOptions) {
    this.#options = options
  }

  /** Whether calls are rejected. */
  get isOpen (): boolean {
    return this.#isOpen
  }

  /**
   * @param about passed to the probe if the call fails
   * @throws the refusal, before or during the call; the error of `call`
   */
  run<R> (call: () => Promise<R>, about = ''): Promise<R> {
    if (this.#isOpen) return Promise.reject(this.#options.refusal())
    const period = this.#period
    return new Promise((resolve, reject) => {
      const failed = (error: Error) => {
        this.#underWay.delete(reject)
        reject(error)
        if (isMalformedRequest(error) || this.#isAnswer(error)) return
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

  /** Stops probing and rejecting: from now on calls fail by themselves. */
  stop (): void {
    this.#isStopped = true
    this.#close()
  }

  #open (): void {
    if (this.#isOpen || this.#isStopped) return
    this.#isOpen = true
    this.#tell()
    for (const refuse of this.#underWay) refuse(this.#options.refusal())
    this.#underWay.clear()
    this.#probeLater(FIRST_PAUSE)
  }

  #close (): void {
    const wasOpen = this.#isOpen
    this.#isOpen = false
    this.#period++
    clearTimeout(this.#timer)
    if (wasOpen) this.#tell()
  }

  #tell (): void {
    const { name } = this.#options
    if (name !== undefined) breakerChanged({ name, isOpen: this.#isOpen })
  }

  #probeLater (pause: number): void {
    this.#pause = pause
    this.#schedule(pause)
  }

  /** Schedules the next probe, replacing the scheduled one. */
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
    // Late answers count too: a slow service is still one that answers.
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

/** Starts the call; a synchronous error becomes a rejection. */
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
