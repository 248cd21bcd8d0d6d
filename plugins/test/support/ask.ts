import { request as httpRequest } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { connect } from 'node:http2'
import type { FastifyInstance } from 'fastify'

/** Response as seen by a client. */
export interface Got {
  readonly status: number
  readonly headers: Readonly<Record<string, unknown>>
  readonly body: string
  readonly trailers: Readonly<Record<string, unknown>>
}

export interface Ask {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
}

/** Ways in which requests reach an application. */
export const TRANSPORTS = ['inject', 'http1', 'http2'] as const
export type Transport = typeof TRANSPORTS[number]

/**
 * Sends one request by the transport. The application has to support it, and to listen, except for
 * `inject`.
 */
export function askBy (
  transport: Transport,
  app: FastifyInstance,
  url: string,
  ask: Ask = {}
): Promise<Got> {
  if (transport === 'inject') return askInject(app, url, ask)
  return transport === 'http2' ? askHttp2(app, url, ask) : askHttp(app, url, ask)
}

async function askInject (
  app: FastifyInstance,
  url: string,
  { method = 'GET', headers = {} }: Ask
): Promise<Got> {
  const answer = await app.inject({ method: method as 'GET', url, headers: { ...headers } })
  return {
    status: answer.statusCode,
    headers: answer.headers,
    body: answer.body,
    trailers: answer.trailers
  }
}

/** Returns the port of a listening application. */
export function portOf (app: FastifyInstance): number {
  const address = app.server.address()
  if (typeof address !== 'object' || address === null) {
    throw new Error('it does not listen to a port')
  }
  return address.port
}

/** Sends a request whose client leaves when the test says so. */
export function askToLeave (
  transport: Exclude<Transport, 'inject'>,
  app: FastifyInstance,
  path: string
): { leave: () => void } {
  const nothing = () => {}
  if (transport === 'http1') {
    const request = httpRequest({
      host: '127.0.0.1',
      port: portOf(app),
      path,
      headers: { host: 'shop.test' },
      agent: false
    })
    request
      .on('error', nothing)
      .on('response', (response) => {
        response.on('error', nothing).resume()
      })
      .end()
    return {
      leave: () => {
        request.destroy()
      }
    }
  }
  const session = connect(`http://127.0.0.1:${portOf(app)}`)
  session.on('error', nothing)
  session.request({ ':path': path, ':authority': 'shop.test' }).on('error', nothing).resume()
  return {
    leave: () => {
      session.destroy()
    }
  }
}

/** Sends a request over HTTP/1.1, with TLS if the application has it. */
export function askHttp (
  app: FastifyInstance,
  path: string,
  { method = 'GET', headers = {} }: Ask = {}
): Promise<Got> {
  return new Promise((resolve, reject) => {
    const isSecure = 'setSecureContext' in app.server
    const send = isSecure ? httpsRequest : httpRequest
    const request = send(
      {
        host: '127.0.0.1',
        port: portOf(app),
        path,
        method,
        headers: { host: 'shop.test', ...headers },
        agent: false,
        ...(isSecure && { rejectUnauthorized: false })
      },
      (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => {
          chunks.push(chunk)
        })
        response.on('error', reject)
        response.on('end', () => {
          const { statusCode: status = 0, headers, trailers } = response
          resolve({ status, headers, body: Buffer.concat(chunks).toString('latin1'), trailers })
        })
      }
    )
    request.on('error', reject)
    request.end()
  })
}

/** Sends a request over HTTP/2, with TLS if the application has it. */
export function askHttp2 (
  app: FastifyInstance,
  path: string,
  { method = 'GET', headers = {} }: Ask = {}
): Promise<Got> {
  return new Promise((resolve, reject) => {
    const isSecure = 'setSecureContext' in app.server
    const session = connect(`${isSecure ? 'https' : 'http'}://127.0.0.1:${portOf(app)}`, {
      rejectUnauthorized: false
    })
    session.on('error', reject)
    const stream = session.request({
      ':method': method,
      ':path': path,
      ':authority': 'shop.test',
      ...headers
    })
    const chunks: Buffer[] = []
    let got: Omit<Got, 'body'> = { status: 0, headers: {}, trailers: {} }
    stream.on('response', ({ ':status': status = 0, ...rest }) => {
      got = { status, headers: rest, trailers: {} }
    })
    stream.on('trailers', (trailers: Record<string, unknown>) => {
      got = { ...got, trailers }
    })
    stream.on('data', (chunk: Buffer) => {
      chunks.push(chunk)
    })
    stream.on('error', (error: Error) => {
      session.destroy()
      reject(error)
    })
    stream.on('end', () => {
      session.close()
      resolve({ ...got, body: Buffer.concat(chunks).toString('latin1') })
    })
    stream.end()
  })
}
