import { type IncomingHttpHeaders } from 'node:http'
import { assertSendable } from '@weir/internal'
import { type Dispatcher, errors } from 'undici'

/** Response, or the part that was received. */
export interface Received {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
}

/** Request with its complete response. Times in ms since the epoch. */
export interface Exchange extends Received {
  readonly requestTime: number
  readonly responseTime: number
}

/** The body of a response could not be read to its end. */
export class IncompleteBody extends Error {
  constructor (
    readonly why: 'too large' | 'cut off', readonly received: Received, options?: ErrorOptions
  ) {
    super(
      why === 'too large'
        ? `the body is longer than ${LONGEST_BODY} bytes`
        : 'the body was cut off',
      options
    )
  }
}

// 17 days of hours are 40 KiB.
const LONGEST_BODY = 1024 * 1024

/**
 * Sends a GET and reads the response to its end.
 * @throws IncompleteBody; MalformedRequest if it cannot be sent; errors of undici for a connection
 *   that breaks or is silent for too long; the signal's reason
 */
export async function exchange (
  dispatcher: Dispatcher,
  path: string,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal
): Promise<Exchange> {
  assertSendable({ path, headers })
  const requestTime = Date.now()
  const {
    statusCode: status,
    headers: fields,
    body
  } = await dispatcher.request({ method: 'GET', path, headers, signal })
  const chunks: Buffer[] = []
  const soFar = () => ({ status, headers: fields, body: Buffer.concat(chunks) })
  let length = 0
  const received: AsyncIterable<Buffer> = body
  try {
    for await (const chunk of received) {
      length += chunk.length
      // Leaving the loop ends the connection too.
      if (length > LONGEST_BODY) throw new IncompleteBody('too large', soFar())
      chunks.push(chunk)
    }
  } catch (cause) {
    const isSilence = signal.aborted || cause instanceof errors.BodyTimeoutError
    throw cause instanceof IncompleteBody || isSilence
      ? cause
      : new IncompleteBody('cut off', soFar(), { cause })
  }
  return { ...soFar(), requestTime, responseTime: Date.now() }
}
