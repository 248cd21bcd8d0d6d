import type { EventEmitter } from 'node:events'
import autocannon, { type Request } from 'autocannon'
import { judge } from './outcome.js'
import { type Recorder } from './recorder.js'

/** Requests, over and over, until it is enough. */
export interface Drive {
  readonly url: string
  /** Each connection sends them in this order, again from the first after the last. */
  readonly requests: Request[]
  readonly connections: number
  /** In all. */
  readonly until: { readonly seconds: number } | { readonly amount: number }
  /** Requests a second, of all connections together. */
  readonly rate?: number | undefined
  readonly isWrite?: boolean
}

/**
 * Requests without an answer, one after the other, after which there is nobody to be loaded any
 * more.
 */
const GIVE_UP_AFTER = 1_000
const TIMEOUT_SECONDS = 10

/**
 * Sends requests by autocannon and tells the recorder what becomes of each. Resolves with whether
 * somebody was there to answer. With an aborted signal it ends early.
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
        // How soon it notices that it is to end.
        sampleInt: 20,
        // Its own figures are not used.
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
  /** No answer that comes now is waited for. */
  end (): void
}

/**
 * Follows the requests of one of autocannon's connections, which has one under way at a time.
 * autocannon itself does not count a request whose connection was closed, and takes the time of
 * later ones from a wrong beginning.
 *
 * @param client its types leave out some of the events that it has
 */
function watch (
  client: EventEmitter,
  isWrite: boolean,
  recorder: Recorder,
  settled: (isAnswered: boolean) => void
): Connection {
  let sentAt: number | undefined
  let head: Head = { status: 0, cacheStatus: undefined, closes: false }
  // autocannon sends its next request at once, on a connection too of which the server has just
  // said that it closes it (RFC 9112, section 9.6). Nobody gets it, and it is sent again on the
  // next connection: it does not count.
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
    // The one before is without an answer, and the connection is a new one.
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

/** What autocannon's parser has of a response. */
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
