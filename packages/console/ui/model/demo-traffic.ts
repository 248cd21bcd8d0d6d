import { type OutcomeCounts } from './api.js'
import { type Categories, type ProductList } from './products.js'
import { type Exchange } from './exchange.js'
import { Stored } from './stored.js'
import { told } from './told.js'

/** The bounds of one run, which ends when the first of them is reached. */
export const DEMO_LIMITS = { requests: 300, seconds: 20, perSecond: 20 } as const

/** A run of demo traffic. */
export interface DemoRun {
  readonly phase: 'idle' | 'running' | 'done'
  readonly sent: number
  readonly outcomes: OutcomeCounts
  /** Requests without a response. */
  readonly unanswered: number
  /** Reason why the run ended early. */
  readonly problem?: string
}

/** Dependencies that tests replace. */
export interface DemoTrafficOptions {
  /** Sends a GET; resolves to undefined if there was no response. */
  readonly send: (
    path: string,
    signal: AbortSignal
  ) => Promise<Pick<Exchange, 'outcome' | 'body' | 'status'> | undefined>
  /** Calls `run` every `ms` until the function it returns is called. */
  readonly every: (ms: number, run: () => void) => () => void
  /** ms, monotonic */
  readonly now: () => number
  /** 0 to 1 */
  readonly random: () => number
}

const CATEGORIES = '/api/categories'
const PRODUCTS = '/api/products?limit=20'
/** Limit of concurrent requests, which protects a slow fleet from overload. */
const MOST_IN_FLIGHT = 8
const GIVE_UP_AFTER = 5
const IDLE: DemoRun = { phase: 'idle', sent: 0, outcomes: {}, unanswered: 0 }

/**
 * Sends a bounded number of shop reads: lists, categories and products, some of them more often.
 */
export class DemoTraffic {
  readonly run = new Stored<DemoRun>(IDLE)
  readonly #options: DemoTrafficOptions
  #ended = new AbortController()
  #stopTimer = (): void => {}

  constructor (options: DemoTrafficOptions) {
    this.#options = options
  }

  /** Starts a run unless one is in progress. */
  start (): void {
    if (this.run.get().phase === 'running') return
    // Late responses of the previous run do not count for this one.
    this.#ended.abort()
    const ended = new AbortController()
    this.#ended = ended
    this.run.set({ ...IDLE, phase: 'running' })
    this.#discover(ended.signal).then((paths) => {
      if (ended.signal.aborted) return
      if (paths.length === 0) this.#end('The shop did not list any products: is it running?')
      else this.#sendAll(paths, ended.signal)
    }).catch((error: unknown) => {
      if (!ended.signal.aborted) this.#end(`The run failed: ${String(error)}`)
    })
  }

  /** Ends the run and drops pending responses. */
  stop (): void {
    this.#ended.abort()
    this.#end()
  }

  /** Fetches the paths to read from the shop, the popular ones first. */
  async #discover (signal: AbortSignal): Promise<string[]> {
    const [categories, products] = await Promise.all([
      this.#send(CATEGORIES, signal),
      this.#send(PRODUCTS, signal)
    ])
    if (categories?.status !== 200 || products?.status !== 200) return []
    const ids = told<ProductList>(products.body).items.map(({ id }) => `/api/products/${id}`)
    const lists = told<Categories>(categories.body).items.map(
      ({ slug }) => `/api/products?category=${encodeURIComponent(slug)}`
    )
    return [PRODUCTS, ...ids.slice(0, 5), CATEGORIES, ...lists, ...ids.slice(5)]
  }

  #sendAll (paths: readonly string[], signal: AbortSignal): void {
    const { every, now, random } = this.#options
    const begun = now()
    let inFlight = 0
    let failed = 0
    this.#stopTimer = every(1000 / DEMO_LIMITS.perSecond, () => {
      const isOver =
        this.run.get().sent >= DEMO_LIMITS.requests || now() - begun >= DEMO_LIMITS.seconds * 1000
      if (isOver) return this.#end()
      if (inFlight >= MOST_IN_FLIGHT) return
      inFlight++
      // Cubed: the first few paths get most of the requests, as in a real shop.
      const path = paths[Math.floor(paths.length * random() ** 3)] ?? PRODUCTS
      this.#send(path, signal).then((answer) => {
        inFlight--
        failed = answer === undefined && !signal.aborted ? failed + 1 : 0
        if (failed >= GIVE_UP_AFTER) {
          this.#end(`${GIVE_UP_AFTER} requests in a row had no response.`)
        }
      }).catch(console.error)
    })
  }

  async #send (path: string, signal: AbortSignal) {
    this.#change(({ sent }) => ({ sent: sent + 1 }))
    const answer = await this.#options.send(path, signal)
    if (signal.aborted) return answer
    this.#change(({ outcomes, unanswered }) => answer === undefined
      ? { unanswered: unanswered + 1 }
      : { outcomes: { ...outcomes, [answer.outcome]: (outcomes[answer.outcome] ?? 0) + 1 } })
    return answer
  }

  #end (problem?: string): void {
    if (this.run.get().phase !== 'running') return
    this.#stopTimer()
    this.#change(() => ({ phase: 'done', ...(problem !== undefined && { problem }) }))
  }

  #change (by: (run: DemoRun) => Partial<DemoRun>): void {
    const before = this.run.get()
    this.run.set({ ...before, ...by(before) })
  }
}
