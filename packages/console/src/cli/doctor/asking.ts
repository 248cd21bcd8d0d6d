/** A response whose body excludes text that merely echoes the request's own query. */
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

  /**
   * Fills a separate entry, using a query that clients do not send, and reads it without the header
   * fields.
   */
  async fresh (
    token: string,
    headers: Readonly<Record<string, string>> = {}
  ): Promise<{ readonly filled: Answer; readonly read: Answer }> {
    const url = new URL(this.#url)
    url.search = url.search === '' ? `?${token}` : `${url.search}&${token}`
    const without = (answer: Answer) => ({
      ...answer,
      text: answer.text.replaceAll(token, '').replaceAll(token.split('=')[1] ?? '', '')
    })
    const filled = await this.#get(url, headers)
    return { filled: without(filled), read: without(await this.#get(url, {})) }
  }

  async #get (url: URL, headers: Readonly<Record<string, string>>): Promise<Answer> {
    const signal = AbortSignal.any([this.#signal, AbortSignal.timeout(TIMEOUT)])
    const response = await fetch(url, { headers, redirect: 'manual', signal })
    const text = (await response.text()).slice(0, MOST)
    return { status: response.status, headers: response.headers, text }
  }
}
