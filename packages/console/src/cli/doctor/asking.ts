/** A response of the app. */
export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly text: string
}

const TIMEOUT = 15_000
const MOST = 1024 * 1024

/** Sends requests to one URL. */
export class Asking {
  readonly #url: URL
  readonly #signal: AbortSignal

  constructor (url: URL, signal: AbortSignal) {
    this.#url = url
    this.#signal = signal
  }

  get (headers: Readonly<Record<string, string>> = {}): Promise<Answer> {
    return this.#get(this.#url, headers)
  }

  async #get (url: URL, headers: Readonly<Record<string, string>>): Promise<Answer> {
    const signal = AbortSignal.any([this.#signal, AbortSignal.timeout(TIMEOUT)])
    const response = await fetch(url, { headers, redirect: 'manual', signal })
    const text = (await response.text()).slice(0, MOST)
    return { status: response.status, headers: response.headers, text }
  }
}
