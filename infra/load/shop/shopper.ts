import { type Dispatcher } from 'undici'
import { judge, type Judgement } from '../outcome.js'
import { type Versions } from './versions.js'
import { type Visit } from './visits.js'

/** A response and its outcome. */
export interface Answered {
  readonly status: number
  readonly judgement: Judgement
  readonly body: string
}

const TIMEOUT = 10_000

/** Sends requests as browsers do, and checks the pages they get. */
export class Shopper {
  constructor (
    readonly url: string,
    readonly dispatcher: Dispatcher,
    readonly cookie: string,
    readonly versions: Versions
  ) {}

  /** @throws the connection's error */
  async visit ({ kind, path, isSignedIn }: Visit): Promise<Answered> {
    const etag = kind === 'again' ? this.versions.etagOf(path) : undefined
    return this.get(path, {
      ...(etag !== undefined && { 'if-none-match': etag }),
      ...(isSignedIn && { cookie: this.cookie })
    })
  }

  /** @throws the connection's error */
  async get (path: string, headers: Readonly<Record<string, string>> = {}): Promise<Answered> {
    return this.#send(path, { method: 'GET', headers })
  }

  /** Sends a form of this site as the user of the cookie. @throws the connection's error */
  async post (path: string, fields: Readonly<Record<string, string>>): Promise<Answered> {
    const headers = {
      cookie: this.cookie,
      'sec-fetch-site': 'same-origin',
      'content-type': 'application/x-www-form-urlencoded'
    }
    return this.#send(path, {
      method: 'POST',
      headers,
      body: new URLSearchParams(fields).toString()
    })
  }

  async #send (
    path: string,
    request: { method: 'GET' | 'POST'; headers: Readonly<Record<string, string>>; body?: string }
  ): Promise<Answered> {
    const sentAt = performance.now()
    const {
      statusCode: status,
      headers,
      body: stream
    } = await this.dispatcher.request({
      ...request,
      origin: this.url,
      path,
      headers: { accept: 'text/html', ...request.headers },
      headersTimeout: TIMEOUT,
      bodyTimeout: TIMEOUT
    })
    const body = await stream.text()
    const fieldOf = (name: string) => headers[name]?.toString()
    this.versions.check(path, { status, etag: fieldOf('etag'), body }, sentAt)
    return {
      status,
      judgement: judge({
        status,
        cacheStatus: fieldOf('cache-status'),
        isWrite: request.method === 'POST'
      }),
      body
    }
  }
}
