import { once } from 'node:events'
import { request as httpRequest, type IncomingHttpHeaders, type InformationEvent } from 'node:http'
import { connect as connectHttp2 } from 'node:http2'
import { request as httpsRequest } from 'node:https'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { type Test } from 'tap'

export interface AskInterim {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  /** Called for each interim response on arrival. */
  readonly onInterim?: () => void
  readonly signal?: AbortSignal
}

export interface WithInterim {
  /** The interim responses before the final one. */
  readonly interim: readonly Seen[]
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

export type Seen = readonly [status: number, fields: object]

/**
 * Checks that there are exactly these interim responses, and that the final response matches the
 * rest.
 */
export function checkAnswer (
  t: Test,
  answer: WithInterim,
  { interim, ...rest }: Pick<WithInterim, 'interim'> & Partial<Omit<WithInterim, 'interim'>>,
  name = 'the answer'
): void {
  t.strictSame(answer.interim, interim, `${name}: interim responses`)
  t.match(answer, rest, name)
}

/**
 * Sends one request over HTTP/1.1 or, if `version` is 2, HTTP/2; with TLS if the URL says https.
 */
export function askInterim (
  version: 1 | 2,
  url: string,
  ask: AskInterim = {}
): Promise<WithInterim> {
  return version === 1 ? askHttp1(url, ask) : askHttp2(url, ask)
}

async function askHttp1 (
  url: string,
  { method = 'GET', headers = {}, onInterim, signal }: AskInterim
): Promise<WithInterim> {
  const interim: Seen[] = []
  const send = url.startsWith('https:') ? httpsRequest : httpRequest
  const request = send(url, {
    method,
    headers,
    agent: false,
    rejectUnauthorized: false,
    ...(signal !== undefined && { signal })
  })
  request.on('information', (info: InformationEvent) => {
    interim.push([info.statusCode, { ...info.headers }])
    onInterim?.()
  })
  request.end()
  return new Promise((resolve, reject) => {
    request.on('error', reject)
    request.on('response', (response) => {
      const { statusCode: status = 0, headers } = response
      text(response).then((body) => {
        resolve({ interim, status, headers, body })
      }, reject)
    })
  })
}

async function askHttp2 (
  url: string,
  { method = 'GET', headers = {}, onInterim }: AskInterim
): Promise<WithInterim> {
  const { origin, pathname } = new URL(url)
  const session = connectHttp2(origin, { rejectUnauthorized: false })
  const stream = session.request({ ...headers, ':path': pathname, ':method': method })
  const interim: Seen[] = []
  stream.on('headers', ({ ':status': status = 0, ...fields }) => {
    interim.push([status, Object.fromEntries(Object.entries(fields))])
    onInterim?.()
  })
  stream.end()
  const [[{ ':status': status, ...rest }], body] = await Promise.all([
    once(stream, 'response') as Promise<[IncomingHttpHeaders & { ':status': number }]>,
    text(stream)
  ])
  session.close()
  return { interim, status, headers: rest, body }
}

/**
 * Sends text, and returns everything received until it ends with `last`, or the server closes the
 * connection.
 */
export async function exchangeText (url: string, sent: string, last: string): Promise<string> {
  const { hostname, port } = new URL(url)
  const socket = connect({ host: hostname, port: Number(port) })
  socket.write(sent)
  let received = ''
  for await (const chunk of socket.setEncoding('latin1') as AsyncIterable<string>) {
    received += chunk
    if (received.endsWith(last)) break
  }
  return received
}
