import type { Target } from './subject.js'

export type Method = 'GET' | 'HEAD' | 'OPTIONS' | 'PUT' | 'POST' | 'DELETE'

/** Header fields by name, in lower case. */
export type Headers = Readonly<Record<string, string | readonly string[]>>

/** A request as a client sends it. */
export interface Outgoing {
  readonly method: Method
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: Buffer | undefined
}

/** A response as received by a client. */
export interface Answer {
  /** 0: no response, and `error` has the reason. */
  readonly status: number
  readonly headers: Headers
  readonly body: Buffer
  readonly error?: string
}

/** A request's validator, and the exchange it was taken from. */
export interface Condition {
  readonly field: 'if-none-match' | 'if-modified-since'
  readonly from: Exchange
}

/** The responses of both twins to one request. */
export interface Pair {
  readonly plain: Answer
  readonly weir: Answer
}

/** A request before it is adapted to each twin: cookies and validators differ between them. */
export interface Intent {
  readonly user: string
  readonly method: Method
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: Buffer | undefined
  readonly condition?: Condition | undefined
  /** Undefined for writes and for paths without a route. */
  readonly target?: Target | undefined
}

/** A request that both twins have answered. */
export interface Exchange extends Pair {
  readonly intent: Intent
  readonly sent: { readonly plain: Outgoing, readonly weir: Outgoing }
}

export const textOf = (headers: Headers, name: string): string | undefined => {
  const value = headers[name]
  return value === undefined || typeof value === 'string' ? value : value.join(', ')
}
