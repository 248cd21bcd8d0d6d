import type { Listener, ListenerEvents } from '../listener.js'
import { Echo, type Publish } from './echo.js'

/** A node of a cluster, or a client of one server, in ioredis. */
export interface IoredisNode {
  readonly options?: { readonly keyPrefix?: string, readonly host?: string, readonly port?: number }
  unlink (key: string): Promise<number>
  duplicate (options: typeof LISTENER_OPTIONS): unknown
}

interface Connection {
  ssubscribe (channel: string): Promise<unknown>
  unlink (key: string): Promise<unknown>
  on (event: 'smessage', listener: (channel: string, message: string) => void): unknown
  on (event: 'ready' | 'moved' | 'end', listener: () => void): unknown
  on (event: 'error', listener: (error: Error) => void): unknown
  disconnect (): void
}

/** After the connection ends, the server has to be located again: it may be another one by then. */
export const LISTENER_OPTIONS = {
  autoResubscribe: false,
  commandTimeout: undefined,
  connectTimeout: 1000,
  enableAutoPipelining: false,
  enableOfflineQueue: false,
  // Channels are script arguments, to which no client adds a prefix.
  keyPrefix: '',
  lazyConnect: false,
  maxRetriesPerRequest: null,
  // A listening RESP2 connection cannot send the proof. ioredis 5 supports only RESP2.
  protocol: 3,
  readOnly: false,
  reconnectOnError: null,
  retryStrategy: null,
  sentinelCommandTimeout: 1000,
  sentinelRetryStrategy: () => null,
  socketTimeout: undefined,
  stringNumbers: false
} as const

const isConnection = (value: unknown): value is Connection =>
  typeof value === 'object' &&
  value !== null &&
  'ssubscribe' in value &&
  'on' in value &&
  'disconnect' in value

/** The errors of ioredis or Redis for a command on a listening RESP2 connection. */
const isListeningOnly = (error: unknown) =>
  error instanceof Error && /subscriber mode|allowed in this context/.test(error.message)

/** A listening connection of ioredis. */
export class IoredisListener implements Listener {
  readonly #connection: Connection
  readonly #heard = new Map<string, (message: string) => void>()
  readonly #echo: Echo
  #isRestricted = false

  /** @param connection the result of `duplicate` */
  constructor (connection: unknown, events: ListenerEvents, publish: Publish) {
    if (!isConnection(connection)) {
      throw new TypeError('duplicate() made no connection that can listen')
    }
    this.#connection = connection
    this.#echo = new Echo((channel) => connection.ssubscribe(channel), publish)
    let reason: Error | undefined
    connection.on('error', (error) => { reason = error }) // 'end' follows
    connection.on('end', () => { events.lost(reason) })
    // The channel's slot has moved, which ends the subscription.
    connection.on('moved', () => { events.lost(reason) })
    connection.on('ready', () => { events.ready() })
    connection.on('smessage', (channel, message) => {
      if (!this.#echo.heard(channel, message)) this.#heard.get(channel)?.(message)
    })
  }

  async subscribe (channel: string, heard: (message: string) => void): Promise<void> {
    this.#heard.set(channel, heard)
    await this.#connection.ssubscribe(channel)
  }

  async prove (channel: string): Promise<void> {
    if (!this.#isRestricted) {
      try {
        await this.#connection.unlink(channel)
        return
      } catch (error) {
        if (!isListeningOnly(error)) throw error
        this.#isRestricted = true
      }
    }
    await this.#echo.prove(channel)
  }

  close (): void {
    this.#connection.disconnect()
  }
}
