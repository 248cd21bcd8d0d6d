import type { RedisConnection } from '@weir/redis'
import { SharedConnections } from './shared-connections.js'
import { Subscription } from './subscription.js'

/**
 * The subscriptions of a store's namespaces. They share one, except in a cluster: there a namespace
 * follows its slot from node to node, and shares the connection to the node that has it.
 */
export class Subscriptions {
  readonly #all: Subscription[] = []
  readonly #connections: SharedConnections

  constructor (readonly connection: RedisConnection, readonly lease: number) {
    this.#connections = new SharedConnections(connection)
  }

  /** For the next namespace; undefined if the client can make no connection that listens. */
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
