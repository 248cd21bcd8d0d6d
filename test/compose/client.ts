export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly body: unknown
  /** The instance that answered. */
  readonly by: string
  /** The rest of Cache-Status: the cache's decision. */
  readonly cache: string
}

export async function ask (
  url: string,
  { token, ...init }: RequestInit & { readonly token?: string } = {}
): Promise<Answer> {
  const headers = {
    'content-type': 'application/json',
    ...(token !== undefined && { authorization: `Bearer ${token}` })
  }
  const response = await fetch(url, { ...init, headers })
  const text = await response.text()
  const [by = '', ...cache] = (response.headers.get('cache-status') ?? '').split('; ')
  return {
    status: response.status,
    headers: response.headers,
    body: text === '' ? undefined : JSON.parse(text),
    by,
    cache: cache.join('; ')
  }
}

/** Reads 40 times a second until it is stopped. That leaves room within the limit of an address. */
export class Reader {
  readonly answers: Answer[] = []
  readonly #failures: unknown[] = []
  readonly #inFlight = new Set<Promise<void>>()
  readonly #timer: NodeJS.Timeout
  #waiting: { until: (answer: Answer) => boolean, resolve: () => void }[] = []

  constructor (url: string) {
    this.#timer = setInterval(() => {
      const request = this.#read(url).finally(() => { this.#inFlight.delete(request) })
      this.#inFlight.add(request)
    }, 25)
  }

  /** Resolves as soon as a response makes the condition true. */
  until (condition: (answer: Answer) => boolean): Promise<void> {
    return new Promise((resolve) => { this.#waiting.push({ until: condition, resolve }) })
  }

  /**
   * Resolves, once nothing is in flight, with all responses other than 200 and the reasons for
   * missing ones.
   */
  async stop (): Promise<unknown[]> {
    clearInterval(this.#timer)
    await Promise.all(this.#inFlight)
    return [...this.answers.filter(({ status }) => status !== 200), ...this.#failures]
  }

  async #read (url: string): Promise<void> {
    try {
      const answer = await ask(url)
      this.answers.push(answer)
      this.#waiting = this.#waiting.filter(({ until, resolve }) => !until(answer) || resolve())
    } catch (error) {
      this.#failures.push(error)
    }
  }
}
