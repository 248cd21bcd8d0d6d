import { setTimeout } from 'node:timers/promises'
import { parseDuration, type Duration } from '../../duration.js'
import { CacheError, shown } from '../../errors.js'
import type { Consistency, Stamp, Store, StoreNamespace } from '../../store.js'
import { Batch } from './batch.js'
import { Breaker } from './breaker.js'
import { HeardTags } from './heard-tags.js'
import { CLEAR, INVALIDATE, RECORDS, type Script, SET, STAMP } from './scripts.js'
import { type RedisSubscriber, Subscription } from './subscription.js'

/** What the store needs of a client. ioredis' `Redis` has it. */
export interface RedisClient {
  getBuffer (key: string): Promise<Buffer | null>
  unlink (key: string): Promise<number>
  evalsha (sha: string, keys: number, ...args: (string | Buffer | number)[]): Promise<unknown>
  eval (source: string, keys: number, ...args: (string | Buffer | number)[]): Promise<unknown>
  /** Makes the connection that listens. Without it nothing in memory is trusted unasked. */
  duplicate? (options: typeof SUBSCRIBER_OPTIONS): RedisSubscriber
}

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

// It waits for Redis as long as it takes: nobody waits for it.
const SUBSCRIBER_OPTIONS = {
  autoResubscribe: false,
  commandTimeout: undefined,
  enableAutoPipelining: false,
  enableOfflineQueue: false,
  lazyConnect: false,
  maxRetriesPerRequest: null,
  retryStrategy: (times: number) => Math.min(times * 50, 1000)
} as const

const TAGS_AT_ONCE = 200
const RECORDS_AT_ONCE = 1000
// How long a Redis that did not answer is left alone, in milliseconds.
const COOL_DOWN = 250

/**
 * A store in Redis (6.2 or later) or Valkey, for a fleet.
 *
 * Keys: `weir:products:e:KEY` holds an entry of the namespace `products`, `weir:{products}:tags` all its tag records.
 * No command touches two slots, and none scans.
 * @example redisStore({ client: new Redis({ enableOfflineQueue: false, commandTimeout: 100, enableAutoPipelining: true }) })
 */
export function redisStore ({ client, prefix = 'weir', maxTags = 100_000, lease = 50 }: RedisStoreOptions): Store {
  const milliseconds = parseDuration(lease, 'lease')
  const subscription = client.duplicate && new Subscription(client.duplicate(SUBSCRIBER_OPTIONS), milliseconds)
  const breaker = new Breaker(COOL_DOWN, isReply)
  const namespaces = new Map<string, RedisNamespace>()
  return {
    kind: 'redis',
    capabilities: { shared: true, persistent: true, judgesLocally: false },
    namespace (name) {
      let namespace = namespaces.get(name)
      if (namespace === undefined) {
        namespace = new RedisNamespace({ client, name, prefix, maxTags, lease: milliseconds, subscription, breaker })
        namespaces.set(name, namespace)
      }
      return namespace
    },
    async close () {
      subscription?.close()
    }
  }
}

interface RedisNamespaceOptions {
  readonly client: RedisClient
  readonly name: string
  readonly prefix: string
  readonly maxTags: number
  readonly lease: number
  readonly subscription: Subscription | undefined
  readonly breaker: Breaker
}

class RedisNamespace implements StoreNamespace {
  readonly #client: RedisClient
  readonly #entryPrefix: string
  readonly #tagsKey: string
  readonly #channel: string
  readonly #maxTags: number
  readonly #lease: number
  readonly #heard: HeardTags | undefined
  readonly #breaker: Breaker
  readonly #barriers = new Batch((tags) => this.#records(tags))
  /** Whatever happens to Redis' clock, no stamp issued to this instance is lower than one it has seen. */
  #highest: Stamp = 0

  constructor ({ client, name, prefix, maxTags, lease, subscription, breaker }: RedisNamespaceOptions) {
    this.#client = client
    this.#entryPrefix = `${prefix}:${name}:e:`
    this.#tagsKey = `${prefix}:{${name}}:tags`
    this.#channel = `${prefix}:{${name}}:bus`
    this.#maxTags = maxTags
    this.#lease = lease
    this.#breaker = breaker
    this.#heard = subscription && new HeardTags(name, subscription, this.#channel, maxTags, () => this.stamp())
  }

  async get (keys: readonly string[]) {
    const [key] = keys
    if (key !== undefined && keys.length === 1) return [await this.#read(key)]
    // One GET each, in one pipeline: in a cluster the keys lie in different slots, where MGET may not go.
    return Promise.all(keys.map((key) => this.#read(key)))
  }

  async set (key: string, _stamp: Stamp, frame: Buffer, ttl: number) {
    await this.#evaluate(SET, this.#entryPrefix + key, [frame, Math.max(1, Math.ceil(ttl))])
  }

  async delete (key: string) {
    await this.#breaker.run(() => this.#client.unlink(this.#entryPrefix + key))
  }

  async stamp () {
    return this.#stampBy(STAMP, [this.#highest])
  }

  async invalidate (tags: readonly string[], consistency: Consistency = 'strict') {
    // Others wait while a script runs, so that a long list goes in parts; the whole is done when the last one is.
    const parts = inParts(tags, TAGS_AT_ONCE).map((part) => this.#stampBy(INVALIDATE, [this.#channel, this.#maxTags, ...part]))
    const stamp = Math.max(...await Promise.all(parts))
    if (consistency === 'strict') await this.#leasesEnd()
    return stamp
  }

  async clear (consistency: Consistency = 'strict') {
    const stamp = await this.#stampBy(CLEAR, [this.#channel])
    if (consistency === 'strict') await this.#leasesEnd()
    return stamp
  }

  /** Many readers in one turn of the event loop cost one command: they all ask after they began. */
  async barrier (tags: readonly string[]) {
    const { floor, stamps } = await this.#barriers.add(tags)
    let barrier = floor
    for (const tag of tags) barrier = Math.max(barrier, stamps.get(tag) ?? 0)
    return barrier
  }

  get knownSince () {
    return this.#heard?.knownSince ?? Infinity
  }

  judge (stamp: Stamp, tags: readonly string[]) {
    return this.#heard?.judge(stamp, tags)
  }

  /**
   * Waits until no instance can hold a lease from before: whoever has not heard by then has nothing left to trust. A little
   * longer than a lease, for clocks that do not run quite alike; in a loop, because timers may fire early.
   */
  async #leasesEnd (): Promise<void> {
    const wait = this.#lease * 1.02 + 1
    const end = performance.now() + wait
    for (let left = wait; left > 0; left = end - performance.now()) await setTimeout(Math.ceil(left))
  }

  /** In parts: others wait while a script runs, and Lua takes no more than some 8,000 arguments at once. */
  async #records (tags: readonly string[]): Promise<Records> {
    const parts = await Promise.all(inParts(tags, RECORDS_AT_ONCE).map((part) => this.#recordsOf(part)))
    return {
      floor: Math.max(...parts.map(({ floor }) => floor)),
      stamps: new Map(parts.flatMap(({ stamps }) => [...stamps]))
    }
  }

  async #recordsOf (tags: readonly string[]): Promise<Records> {
    const reply = await this.#run(RECORDS, tags)
    if (!isScores(reply)) throw new CacheError('WEIR_CACHE_STORE_FAILED', `give records, but ${shown(reply)}`)
    const [clock, floor, ...scores] = reply
    // No floor: the records are lost. The stamp's script makes a new one, as of now, below the stamp it issues.
    if (clock === null || floor === null) return { floor: await this.stamp(), stamps: new Map() }
    const stamps = new Map<string, Stamp>()
    tags.forEach((tag, i) => {
      const score = scores[i]
      if (score !== null) stamps.set(tag, stampOf(score))
    })
    return { floor: stampOf(floor), stamps }
  }

  async #stampBy (script: Script, args: (string | number)[]): Promise<Stamp> {
    const stamp = stampOf(await this.#run(script, args))
    this.#highest = Math.max(this.#highest, stamp)
    return stamp
  }

  /** A script over the namespace's records. Its first argument says whether Redis is to look if it is still the same. */
  #run (script: Script, args: readonly (string | number)[]): Promise<unknown> {
    return this.#evaluate(script, this.#tagsKey, ['0', ...args], ['1', ...args])
  }

  async #evaluate (
    { sha, source }: Script, key: string, args: readonly (string | Buffer | number)[], argsWhenForgotten = args
  ): Promise<unknown> {
    try {
      return await this.#breaker.run(() => this.#client.evalsha(sha, 1, key, ...args))
    } catch (error) {
      if (!(isReply(error) && error.message.startsWith('NOSCRIPT'))) throw error
      return this.#breaker.run(() => this.#client.eval(source, 1, key, ...argsWhenForgotten))
    }
  }

  async #read (key: string): Promise<Buffer | undefined> {
    return await this.#breaker.run(() => this.#client.getBuffer(this.#entryPrefix + key)) ?? undefined
  }
}

/** Redis itself says no: as clients name it, by its protocol. */
const isReply = (error: unknown): error is Error => error instanceof Error && error.name === 'ReplyError'

interface Records {
  readonly floor: Stamp
  readonly stamps: ReadonlyMap<string, Stamp>
}

/** At least one part, also of nothing: the floor is asked for without tags too. */
function inParts (tags: readonly string[], size: number): string[][] {
  return Array.from({ length: Math.max(1, Math.ceil(tags.length / size)) }, (_, i) => tags.slice(i * size, (i + 1) * size))
}

const isScores = (reply: unknown): reply is readonly unknown[] => Array.isArray(reply)

function stampOf (reply: unknown): Stamp {
  const stamp = Number(reply)
  if (Number.isSafeInteger(stamp)) return stamp
  throw new CacheError('WEIR_CACHE_STORE_FAILED', `give a stamp, but ${shown(reply)}`)
}
