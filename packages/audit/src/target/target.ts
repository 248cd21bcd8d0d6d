/** Header fields of a request; an array sends the field several times. */
export type RequestHeaders = Readonly<Record<string, string | readonly string[]>>

/** Methods that the audit sends: both are safe (RFC 9110 9.2.1). */
export const METHODS = ['GET', 'HEAD'] as const
export type Method = (typeof METHODS)[number]

/** One request of the audit, as it goes to the app. */
export interface Sent {
  readonly method: Method
  /** Path and query, unchanged by any URL parser. */
  readonly path: string
  readonly headers: RequestHeaders
  readonly body?: string
}

/** One response of the app. */
export interface Answer {
  readonly sent: Sent
  readonly status: number
  /** Fields by lower-case name; repeated ones are joined. */
  readonly headers: ReadonlyMap<string, string>
  /** The body, each byte as one character. */
  readonly text: string
  /** The reads of the app during the request; only in process. */
  readonly reads?: Reads
}

/** Parts of a request that the app read while it answered. */
export interface Reads {
  /** Names of header fields, in lower case. */
  readonly headers: ReadonlySet<string>
  readonly query: ReadonlySet<string>
  readonly cookies: ReadonlySet<string>
  /** Whether the handler of a route ran. */
  readonly hasRun: boolean
}

/** The app under audit: in process or on a loopback address. */
export interface Target {
  readonly kind: 'inject' | 'loopback'
  /** Origin in curl lines, such as `http://127.0.0.1:3000`. */
  readonly origin: string
  /** @throws if there is no complete response until the signal aborts */
  send (sent: Sent, signal: AbortSignal): Promise<Answer>
  /** Empties the cache of the app. */
  clear?: () => Promise<void>
  /** Replaces the app with a new one, whose in-process caches are empty. */
  renew?: () => Promise<void>
  close (): Promise<void>
}
