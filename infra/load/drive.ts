import type { EventEmitter } from 'node:events'
import autocannon, { type Request } from 'autocannon'
import { judge } from './outcome.js'
import { type Recorder } from './recorder.js'

/** Requests to repeat until a time or a number is reached. */
export interface Drive {
  readonly url: string
  /** Each connection sends them in this order, starting over after the last. */
  readonly requests: Request[]
  readonly connections: number
  /** Applies to all connections together. */
  readonly until: { readonly seconds: number } | { readonly amount: number }
  /** Requests per second of all connections together. */
  readonly rate?: number | undefined
  readonly isWrite?: boolean
}

/** Number of consecutive requests without a response after which the server is considered gone. */
const GIVE_UP_AFTER = 1_000
const TIMEOUT_SECONDS = 10

/**
 * Sends requests by autocannon and passes the outcome of each to the recorder. Resolves with
 * whether a server responded. Ends early when the signal is aborted.
 */
export function drive (what: Drive, recorder: Recorder, signal: AbortSignal): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const connections: Connection[] = []
    let unanswered = 0
    const stop = () => { instance.stop() }
    const instance = autocannon(
      {
        url: what.url,
        requests: what.requests,
        connections: what.connections,
        timeout: TIMEOUT_SECONDS,
        // Milliseconds in which an end of the run is noticed.
        sampleInt: 20,
        // The figures of autocannon itself are not used.
        skipAggregateResult: true,
        ...('amount' in what.until
          ? { amount: what.until.amount }
          : { duration: what.until.seconds }),
        ...(what.rate !== undefined && { overallRate: what.rate }),
        setupClient: (client) => {
          connections.push(
            watch(client, what.isWrite === true, recorder, (isAnswered) => {
              unanswered = isAnswered ? 0 : unanswered + 1
              if (unanswered === GIVE_UP_AFTER) stop()
            })
          )
        }
      },
      (error) => {
        signal.removeEventListener('abort', stop)
        for (const connection of connections) connection.end()
        if (error instanceof Error) reject(error)
        else resolve(unanswered < GIVE_UP_AFTER)
      }
    )
    if (signal.aborted) stop()
    signal.addEventListener('abort', stop)
  })
}

interface Connection {
  /** Stops waiting for responses. */
  end (): void
}

/**
 * Follows the requests of one autocannon connection, which has one in flight at a time. autocannon
 * itself does not count a request whose connection was closed, and measures later ones from a wrong
 * start.
 *
 * @param client its types lack some of the events that it emits
 */
function watch (
  client: EventEmitter,
  isWrite: boolean,
  recorder: Recorder,
  settled: (isAnswered: boolean) => void
): Connection {
  let sentAt: number | undefined
  let head: Head = { status: 0, cacheStatus: undefined, closes: false }
  // autocannon sends its next request at once, even on a connection that the server has just
  // announced to close (RFC 9112, section 9.6). That request reaches no server, and is sent again
  // on the next connection: it does not count.
  let isLost = false

  const fail = (reason: string) => {
    if (sentAt === undefined) return
    sentAt = undefined
    if (!isLost) {
      recorder.failed(reason, performance.now())
      settled(false)
    }
    isLost = false
  }
  client.on('request', () => {
    const now = performance.now()
    // The previous request had no response, and the connection is a new one.
    if (sentAt !== undefined) { fail(now - sentAt >= TIMEOUT_SECONDS * 1000 - 100 ? 'timeout' : 'closed') } else isLost = head.closes
    head = { ...head, closes: false }
    sentAt = now
  })
  client.on('connError', (error: NodeJS.ErrnoException) => {
    fail(error.code ?? error.message)
  })
  client.on('headers', (parsed: unknown) => {
    head = readHead(parsed)
  })
  client.on('response', () => {
    if (sentAt === undefined) return
    const now = performance.now()
    recorder.answered(head.status, judge({ ...head, isWrite }), now - sentAt, now)
    sentAt = undefined
    isLost = false
    settled(true)
  })
  return {
    end: () => {
      if (sentAt !== undefined && !isLost) recorder.cutOff()
      sentAt = undefined
    }
  }
}

interface Head {
  readonly status: number
  readonly cacheStatus: string | undefined
  readonly closes: boolean
}

/** Reads status and header fields from a response of autocannon's parser. */
function readHead (parsed: unknown): Head {
  let cacheStatus: string | undefined
  let closes = false
  let status = 0
  if (
    typeof parsed === 'object' &&
    parsed !== null &&
    'headers' in parsed &&
    'statusCode' in parsed &&
    Array.isArray(parsed.headers)
  ) {
    status = Number(parsed.statusCode)
    const pairs: readonly unknown[] = parsed.headers
    for (let i = 0; i < pairs.length; i += 2) {
      const name = String(pairs[i]).toLowerCase()
      const value = String(pairs[i + 1])
      if (name === 'cache-status') { cacheStatus = cacheStatus === undefined ? value : `${cacheStatus}, ${value}` } else if (name === 'connection') closes = value.toLowerCase() === 'close'
    }
  }
  return { status, cacheStatus, closes }
}
