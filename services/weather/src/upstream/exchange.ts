import { type IncomingHttpHeaders } from 'node:http'
import { type Dispatcher } from 'undici'

/** One request and its whole answer. Times in ms since the epoch. */
export interface Exchange {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
  readonly requestTime: number
  readonly responseTime: number
}

/** The answer is longer than any right one is. */
export class TooLong extends Error {
  constructor (readonly limit: number) {
    super(`the body is longer than ${limit} bytes`)
  }
}

// 16 days of hours are 40 KiB.
const LONGEST_BODY = 1024 * 1024

/**
 * Sends a GET and reads the answer to its end.
 * @throws TooLong; whatever undici throws for a connection that breaks or is silent for too long; the signal's reason
 */
export async function exchange (
  dispatcher: Dispatcher, path: string, headers: Readonly<Record<string, string>>, signal: AbortSignal
): Promise<Exchange> {
  const requestTime = Date.now()
  const { statusCode: status, headers: fields, body } = await dispatcher.request({ method: 'GET', path, headers, signal })
  const chunks: Buffer[] = []
  let length = 0
  const received: AsyncIterable<Buffer> = body
  for await (const chunk of received) {
    length += chunk.length
    // Leaving the loop ends the connection too.
    if (length > LONGEST_BODY) throw new TooLong(LONGEST_BODY)
    chunks.push(chunk)
  }
  return { status, headers: fields, body: Buffer.concat(chunks), requestTime, responseTime: Date.now() }
}
