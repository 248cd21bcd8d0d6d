import type { Listener, ListenerEvents } from '../listener.js'
import { type NodeRedisConnection, ignoreError, send } from './connection.js'

// Milliseconds of silence after which a connection has lost its server: proofs come every few
// milliseconds.
const SILENT_FOR = 5000

/** After the connection ends, the server has to be located again: it may be another one by then. */
const listenerOptions = ({ options }: NodeRedisConnection) => ({
  // A listening RESP2 connection cannot send the proof.
  RESP: 3,
  clientSideCache: undefined,
  commandOptions: undefined,
  disableOfflineQueue: true,
  maintNotifications: 'disabled',
  pingInterval: undefined,
  readonly: false,
  socket: {
    ...options?.socket,
    connectTimeout: 1000,
    reconnectStrategy: false,
    socketTimeout: SILENT_FOR
  }
})

/** A listening connection of node-redis. */
export class NodeRedisListener implements Listener {
  readonly #connection: NodeRedisConnection
  readonly #connected: Promise<unknown>

  constructor (client: NodeRedisConnection, events: ListenerEvents) {
    const connection = client.duplicate(listenerOptions(client))
    this.#connection = connection
    connection.on('error', (error) => { events.lost(error) })
    connection.on('end', () => { events.lost() })
    // The channel's slot has moved, which ends the subscription.
    connection.on('sharded-channel-moved', () => { events.lost() })
    this.#connected = connection.connect()
    this.#connected.then(() => { events.ready() }, (error: Error) => { events.lost(error) })
  }

  subscribe (channel: string, heard: (message: string) => void): Promise<unknown> & Promise<void> {
    return this.#connection.sSubscribe(channel, heard)
  }

  async prove (channel: string): Promise<void> {
    await send(this.#connection, ['UNLINK', channel])
  }

  close (): void {
    const end = () => { if (this.#connection.isOpen) this.#connection.destroy() }
    // A client that is still connecting would continue after it was destroyed.
    if (this.#connection.isReady) end()
    else this.#connected.then(end, ignoreError)
  }
}
