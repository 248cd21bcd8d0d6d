import type { RedisConnection } from '@weir/redis'
import { Subscription } from './subscription.js'

/** The connections that listen. Namespaces share one, except in a cluster: there each has one to the owner of its slot. */
export class Subscriptions {
  readonly #all: Subscription[] = []

  constructor (readonly connection: RedisConnection, readonly lease: number) {}

  /** For the next namespace; undefined if the client can make no connection that listens. */
  next (): Subscription | undefined {
    const [first] = this.#all
    if (first !== undefined && !this.connection.isCluster) return first
    if (!this.connection.canListen) return undefined
    const subscription = new Subscription((channel) => this.connection.locate(channel), this.lease)
    this.#all.push(subscription)
    return subscription
  }

  close (): void {
    for (const subscription of this.#all) subscription.close()
  }
}
