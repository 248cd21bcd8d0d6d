import type { Listener, ListenerEvents, Located, RedisConnection } from '@weir/redis'

/**
 * Listening connections, one per cluster node, shared by the subscriptions whose channels the node
 * publishes.
 *
 * A subscription leaves a connection that it no longer trusts. Later subscriptions do not join it:
 * the next one opens a new connection, and the remaining ones stay for as long as it serves them.
 */
export class SharedConnections {
  readonly #byNode = new Map<string, SharedConnection>()

  constructor (readonly connection: Pick<RedisConnection, 'locate'>) {}

  /** Like `RedisConnection.locate`; listening to the node joins its connection. */
  async locate (channel: string): Promise<Located> {
    const node = await this.connection.locate(channel)
    return { id: node.id, listen: (events) => this.#open(node).join(events) }
  }

  #open (node: Located): SharedConnection {
    const open = this.#byNode.get(node.id)
    if (open !== undefined) return open
    const shared = new SharedConnection(node, () => {
      if (this.#byNode.get(node.id) === shared) this.#byNode.delete(node.id)
    })
    this.#byNode.set(node.id, shared)
    return shared
  }
}

class SharedConnection {
  readonly #members = new Set<ListenerEvents>()
  readonly #listener: Listener
  #isReady = false

  /** @param doubted called when no other namespace should join the connection */
  constructor (node: Located, readonly doubted: () => void) {
    this.#listener = node.listen({
      ready: () => {
        this.#isReady = true
        for (const member of this.#members) member.ready()
      },
      lost: (error) => {
        this.doubted()
        for (const member of [...this.#members]) member.lost(error)
      }
    })
  }

  join (events: ListenerEvents): Listener {
    this.#members.add(events)
    // The member joins a connection that has just been established.
    if (this.#isReady) queueMicrotask(() => { if (this.#members.has(events)) events.ready() })
    return {
      subscribe: (channel, heard) => this.#listener.subscribe(channel, heard),
      prove: (channel) => this.#listener.prove(channel),
      close: () => { this.#leave(events) }
    }
  }

  #leave (events: ListenerEvents): void {
    if (!this.#members.delete(events)) return
    this.doubted()
    if (this.#members.size === 0) this.#listener.close()
  }
}
