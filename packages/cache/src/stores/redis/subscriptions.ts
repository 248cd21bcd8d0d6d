import type { RedisConnection } from '@weir/redis'
import { SharedConnections } from './shared-connections.js'
import { Subscription } from './subscription.js'

/**
 * The subscriptions of a store's namespaces. They share one, except in a cluster: there a namespace
 * follows its slot from node to node, and shares the connection to the node that owns it.
 */
export class Subscriptions {
  readonly #all: Subscription[] = []
  readonly #connections: SharedConnections

  constructor (readonly connection: RedisConnection, readonly lease: number) {
    this.#connections = new SharedConnections(connection)
  }

  /**
   * Returns the subscription for the next namespace; undefined if the client cannot make listening
   * connections.
   */
  next (): Subscription | undefined {
    const [first] = this.#all
    if (first !== undefined && !this.connection.isCluster) return first
    if (!this.connection.canListen) return undefined
    const subscription = new Subscription(
      (channel) => this.#connections.locate(channel),
      this.lease
    )
    this.#all.push(subscription)
    return subscription
  }

  close (): void {
    for (const subscription of this.#all) subscription.close()
  }
}
