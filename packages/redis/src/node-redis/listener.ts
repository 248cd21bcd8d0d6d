import type { Listener, ListenerEvents } from '../listener.js'
import { type NodeRedisConnection, ignoreError, send } from './connection.js'

// Proofs come every few milliseconds: a connection that is silent for so long has lost its server.
// In milliseconds.
const SILENT_FOR = 5000

/** When it ends, the server has to be found anew, which may be another one by then. */
const listenerOptions = ({ options }: NodeRedisConnection) => ({
  // In RESP2 a connection that listens may not be asked for the proof.
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

/** A connection of node-redis that listens. */
export class NodeRedisListener implements Listener {
  readonly #connection: NodeRedisConnection
  readonly #connected: Promise<unknown>

  constructor (client: NodeRedisConnection, events: ListenerEvents) {
    const connection = client.duplicate(listenerOptions(client))
    this.#connection = connection
    connection.on('error', (error) => { events.lost(error) })
    connection.on('end', () => { events.lost() })
    // The channel's slot has left, and the subscription with it.
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
    // One that is still being connected would go on after it was destroyed.
    if (this.#connection.isReady) end()
    else this.#connected.then(end, ignoreError)
  }
}
