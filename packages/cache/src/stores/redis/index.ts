import { parseDuration, type Duration } from '../../duration.js'
import { CacheError, shown } from '../../errors.js'
import type { Store } from '../../store.js'
import { ownerOf, type RedisNodes } from './cluster.js'
import { Commands } from './commands.js'
import { RedisNamespace } from './namespace.js'
import { type RedisNode, Subscription } from './subscription.js'

/** The commands the store needs of a client. */
export interface RedisCommands {
  getBuffer (key: string): Promise<Buffer | null>
  unlink (key: string): Promise<number>
  evalsha (sha: string, keys: number, ...args: (string | Buffer | number)[]): Promise<unknown>
  eval (source: string, keys: number, ...args: (string | Buffer | number)[]): Promise<unknown>
  /** With text in the reply as bytes. Optional only because ioredis' types leave out what its clients have. */
  evalshaBuffer? (sha: string, keys: number, ...args: (string | Buffer | number)[]): Promise<unknown>
  evalBuffer? (source: string, keys: number, ...args: (string | Buffer | number)[]): Promise<unknown>
}

/**
 * What the store needs of a client: ioredis' `Redis`, of one server or behind Sentinel, and its `Cluster` have it. Without
 * `duplicate` or `nodes`, which make the connection that listens, nothing in memory is trusted unasked.
 */
export type RedisClient = RedisCommands & (Partial<RedisNode> | RedisNodes)

/** Options of {@link redisStore}. */
export interface RedisStoreOptions {
  /** Yours to configure and to close. For a request path: no offline queue, a command timeout, auto-pipelining. */
  readonly client: RedisClient
  /** Before every key. Default `weir`. */
  readonly prefix?: string
  /** Tag records kept per namespace; beyond it the oldest go and what they judged becomes invalid. Default 100,000. */
  readonly maxTags?: number
  /**
   * How long an instance may trust its memory after Redis has last proved that it has heard everything, and how long a strict
   * invalidation waits before it is done. The same for every instance. Default 50 ms.
   */
  readonly lease?: Duration
}

/**
 * A store in Redis (7.0 or later) or Valkey, for a fleet: one server, Sentinel or Cluster.
 *
 * Keys: `weir:products:{=KEY}` holds an entry of the namespace `products`, `weir:products:{=KEY}:fill` the lease to fill it,
 * `weir:{products}:tags` all its tag records.
 * No command touches two slots, and none scans.
 * @example redisStore({ client: new Redis({ enableOfflineQueue: false, commandTimeout: 100, enableAutoPipelining: true }) })
 */
export function redisStore ({ client, prefix = 'weir', maxTags = 100_000, lease = 50 }: RedisStoreOptions): Store {
  const milliseconds = parseDuration(lease, 'lease')
  if (milliseconds > LONGEST_LEASE) {
    throw new CacheError('WEIR_CACHE_INVALID_OPTION', `lease ${shown(lease)}: give at most '1h': strict writes wait for it to end`)
  }
  const subscriptions = new Subscriptions(client, milliseconds)
  const commands = new Commands(client)
  const namespaces = new Map<string, RedisNamespace>()
  return {
    kind: 'redis',
    capabilities: { shared: true, persistent: true, judgesLocally: false },
    namespace (name) {
      let namespace = namespaces.get(name)
      if (namespace === undefined) {
        namespace = new RedisNamespace({ commands, name, prefix, maxTags, lease: milliseconds, subscription: subscriptions.next() })
        namespaces.set(name, namespace)
      }
      return namespace
    },
    async close () {
      subscriptions.close()
    }
  }
}

const LONGEST_LEASE = 3_600_000

/** Namespaces share the connection that listens, except in a cluster: there each has one to the owner of its slot. */
class Subscriptions {
  readonly #all: Subscription[] = []

  constructor (readonly client: RedisClient, readonly lease: number) {}

  next (): Subscription | undefined {
    const { client } = this
    if ('nodes' in client) return this.#open((channel) => ownerOf(channel, client))
    if (!isNode(client)) return undefined
    return this.#all[0] ?? this.#open(async () => client)
  }

  close (): void {
    for (const subscription of this.#all) subscription.close()
  }

  #open (find: (channel: string) => Promise<RedisNode>): Subscription {
    const subscription = new Subscription(find, this.lease)
    this.#all.push(subscription)
    return subscription
  }
}

const isNode = (client: Partial<RedisNode>): client is RedisNode => client.duplicate !== undefined
