import {
  type ClientRequest,
  type IncomingHttpHeaders,
  type IncomingMessage,
  request as httpRequest
} from 'node:http'

/** A request. Nothing is added to it, unlike with fetch(): not even Accept or Cache-Control. */
export interface Sent {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string | readonly string[]>>
  readonly body?: string
  /** Aborts before there is a response. */
  readonly signal?: AbortSignal
}

/** A complete response. */
export interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  /** Each field line as received, its name in lower case. */
  readonly lines: readonly (readonly [name: string, value: string])[]
  /** One character per byte. */
  readonly body: string
  /** False if the connection ended before the response. */
  readonly complete: boolean
}

/** A response whose head has arrived. */
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
    // `complete` shows that it broke off.
    response.on('error', () => {})
  }

  /**
   * Reads until the body has this many bytes; resolves to everything received by then, earlier if
   * it ends.
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

  /** Aborts in the middle of the response. */
  abort (): void {
    this.#request.destroy()
  }

  #text (): string {
    return Buffer.concat(this.#parts).toString('latin1')
  }
}

/** Sends a request; resolves when the head of its response has arrived. Rejects if none does. */
export async function open (
  url: string,
  { method = 'GET', headers = {}, body, signal }: Sent = {}
): Promise<OpenAnswer> {
  const { origin, hostname, port } = new URL(url)
  // A URL would be normalized, without dots and an empty query.
  const request = httpRequest({
    method,
    hostname,
    port,
    path: url.slice(origin.length),
    ...(signal !== undefined && { signal })
  })
  // Node does not set it for a DELETE.
  if (body !== undefined) request.setHeader('content-length', Buffer.byteLength(body))
  for (const [name, value] of Object.entries(headers)) request.setHeader(name, value)
  request.end(body)
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    request.once('response', resolve)
    // Later errors are ignored too: an aborted request has no reader.
    request.on('error', reject)
  })
  return new OpenAnswer(request, response)
}

/** Sends a request; resolves when its response has ended. */
export async function send (url: string, sent?: Sent): Promise<Answer> {
  return (await open(url, sent)).whole()
}
