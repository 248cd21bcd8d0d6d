import {
  type ClientRequest,
  type IncomingHttpHeaders,
  type IncomingMessage,
  request as httpRequest
} from 'node:http'

/**
 * What a client sends. Nothing is added to it, as fetch() would: not even Accept or Cache-Control.
 */
export interface Sent {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string | readonly string[]>>
  readonly body?: string
  /** Goes away before there is an answer. */
  readonly signal?: AbortSignal
}

/** An answer that has ended. */
export interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  /** Each field line as it came, its name in lower case. */
  readonly lines: readonly (readonly [name: string, value: string])[]
  /** One character a byte. */
  readonly body: string
  /** False if the connection ended before the answer did. */
  readonly complete: boolean
}

/** An answer whose head has come. */
export class OpenAnswer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly #request: ClientRequest
  readonly #response: IncomingMessage
  readonly #parts: Buffer[] = []

  constructor (request: ClientRequest, response: IncomingMessage) {
    this.#request = request
    this.#response = response
    this.status = response.statusCode ?? 0
    this.headers = response.headers
    // That it broke off is told by `complete`.
    response.on('error', () => {})
  }

  /**
   * Reads until the body has this many bytes; resolves to all that has come by then, earlier if it
   * ends.
   */
  async atLeast (bytes: number): Promise<string> {
    const response = this.#response
    while (this.#text().length < bytes) {
      const part: unknown = response.read()
      if (Buffer.isBuffer(part)) this.#parts.push(part)
      else if (response.readableEnded || response.destroyed) break
      else {
        await new Promise<void>((resolve) => {
          for (const event of ['readable', 'end', 'close']) {
            response.once(event, () => {
              resolve()
            })
          }
        })
      }
    }
    return this.#text()
  }

  /** Reads to the end. */
  async whole (): Promise<Answer> {
    const response = this.#response
    if (!response.closed) {
      response.on('data', (part: Buffer) => { this.#parts.push(part) })
      response.resume()
      await new Promise((resolve) => { response.once('close', resolve) })
    }
    const lines: (readonly [string, string])[] = []
    for (let i = 0; i < response.rawHeaders.length; i += 2) {
      lines.push([response.rawHeaders[i]?.toLowerCase() ?? '', response.rawHeaders[i + 1] ?? ''])
    }
    return {
      status: this.status,
      headers: this.headers,
      lines,
      body: this.#text(),
      complete: response.complete
    }
  }

  /** Goes away in the middle of the answer. */
  abort (): void {
    this.#request.destroy()
  }

  #text (): string {
    return Buffer.concat(this.#parts).toString('latin1')
  }
}

/** Sends a request; resolves when the head of its answer has come. Rejects if none does. */
export async function open (
  url: string,
  { method = 'GET', headers = {}, body, signal }: Sent = {}
): Promise<OpenAnswer> {
  const { origin, hostname, port } = new URL(url)
  // Given a URL, it would send another path than the one that is asked for, without dots and an
  // empty query.
  const request = httpRequest({
    method,
    hostname,
    port,
    path: url.slice(origin.length),
    ...(signal !== undefined && { signal })
  })
  // Of a DELETE it would not say so by itself.
  if (body !== undefined) request.setHeader('content-length', Buffer.byteLength(body))
  for (const [name, value] of Object.entries(headers)) request.setHeader(name, value)
  request.end(body)
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    request.once('response', resolve)
    // Also later: whoever aborts has nothing to hear of it.
    request.on('error', reject)
  })
  return new OpenAnswer(request, response)
}

/** Sends a request; resolves when its answer has ended. */
export async function send (url: string, sent?: Sent): Promise<Answer> {
  return (await open(url, sent)).whole()
}
