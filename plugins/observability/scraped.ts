import { within } from '@weir/internal'

// Milliseconds. A scrape waits no longer for an answer; answers are kept so long between scrapes of
// several Prometheus servers, and for so long after the last one.
const WAIT = 250
const FRESH = 2000
const LATEST = 60_000

/**
 * Figures that another program is asked for when metrics are scraped. A scrape never waits for
 * longer than 250 ms: it has the last figures then, or none if those are older than a minute.
 */
export class Scraped<F> {
  readonly #ask: () => Promise<F>
  #last: { readonly at: number, readonly figures: F } | undefined
  #asked: Promise<void> | undefined

  constructor (ask: () => Promise<F>) {
    this.#ask = ask
  }

  async read (): Promise<F | undefined> {
    if (this.#age > FRESH) {
      // One question at a time, however slow the answer is.
      this.#asked ??= this.#renew().finally(() => { this.#asked = undefined })
      await within(WAIT, this.#asked, () => new Error('late')).catch(() => {})
    }
    return this.#age > LATEST ? undefined : this.#last?.figures
  }

  get #age (): number {
    return performance.now() - (this.#last?.at ?? -Infinity)
  }

  async #renew (): Promise<void> {
    const figures = await this.#ask()
    this.#last = { at: performance.now(), figures }
  }
}
