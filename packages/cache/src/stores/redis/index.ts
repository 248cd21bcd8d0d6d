import { CacheError, shown } from '../../errors.js'
import type { Stamp, Store, StoreNamespace } from '../../store.js'
import { Batch } from './batch.js'
import { CLEAR, FLOOR, INVALIDATE, type Script, SET, STAMP } from './scripts.js'

/** What the store needs of a client. ioredis' `Redis` and `Cluster` have it. */
export interface RedisClient {
  getBuffer (key: string): Promise<Buffer | null>
  unlink (key: string): Promise<number>
  zmscore (key: string, ...members: string[]): Promise<(string | null)[]>
  evalsha (sha: string, keys: number, ...args: (string | Buffer | number)[]): Promise<unknown>
  eval (source: string, keys: number, ...args: (string | Buffer | number)[]): Promise<unknown>
}

/** Options of {@link redisStore}. */
export interface RedisStoreOptions {
  /** Yours to configure and to close. For a request path: no offline queue, a command timeout, auto-pipelining. */
  readonly client: RedisClient
  /** Before every key. Default `weir`. */
  readonly prefix?: string
  /** Tag records kept per namespace; beyond it the oldest go and what they judged becomes invalid. Default 100,000. */
  readonly maxTags?: number
}

const TAGS_AT_ONCE = 200

/**
 * A store in Redis (6.2 or later) or Valkey, for a fleet.
 *
 * Keys: `weir:products:e:KEY` holds an entry of the namespace `products`, `weir:{products}:tags` all its tag records.
 * No command touches two slots, and none scans.
 * @example redisStore({ client: new Redis({ enableOfflineQueue: false, commandTimeout: 100, enableAutoPipelining: true }) })
 */
export function redisStore ({ client, prefix = 'weir', maxTags = 100_000 }: RedisStoreOptions): Store {
  return {
    kind: 'redis',
    capabilities: { shared: true, persistent: true, judgesLocally: false },
    namespace: (name) => new RedisNamespace(client, `${prefix}:${name}:e:`, `${prefix}:{${name}}:tags`, maxTags),
    async close () {}
  }
}

class RedisNamespace implements StoreNamespace {
  readonly #barriers = new Batch((tags) => this.#records(tags))

  constructor (
    readonly client: RedisClient,
    readonly entryPrefix: string,
    readonly tagsKey: string,
    readonly maxTags: number
  ) {}

  get (keys: readonly string[]) {
    // One GET each, in one pipeline: in a cluster the keys lie in different slots, where MGET may not go.
    return Promise.all(keys.map(async (key) => await this.client.getBuffer(this.entryPrefix + key) ?? undefined))
  }

  async set (key: string, _stamp: Stamp, frame: Buffer, ttl: number) {
    await this.#run(SET, this.entryPrefix + key, [frame, Math.max(1, Math.ceil(ttl))])
  }

  async delete (key: string) {
    await this.client.unlink(this.entryPrefix + key)
  }

  async stamp () {
    return stampOf(await this.#run(STAMP, this.tagsKey, []))
  }

  async invalidate (tags: readonly string[]) {
    // Others wait while a script runs, so that a long list goes in parts; the whole is done when the last one is.
    const parts = Array.from({ length: Math.ceil(tags.length / TAGS_AT_ONCE) }, (_, i) =>
      this.#run(INVALIDATE, this.tagsKey, [this.maxTags, ...tags.slice(i * TAGS_AT_ONCE, (i + 1) * TAGS_AT_ONCE)]))
    return Math.max(...(await Promise.all(parts)).map(stampOf))
  }

  async clear () {
    return stampOf(await this.#run(CLEAR, this.tagsKey, []))
  }

  /** Many readers in one turn of the event loop cost one command: they all ask after they began. */
  async barrier (tags: readonly string[]) {
    const { floor, stamps } = await this.#barriers.add(tags)
    let barrier = floor
    for (const tag of tags) barrier = Math.max(barrier, stamps.get(tag) ?? 0)
    return barrier
  }

  judge () {
    return undefined
  }

  async #records (tags: readonly string[]): Promise<{ floor: Stamp, stamps: Map<string, Stamp> }> {
    const [floor, ...scores] = await this.client.zmscore(this.tagsKey, FLOOR, ...tags)
    // No floor: the records are lost. The stamp's script makes a new one, as of now, below the stamp it issues.
    if (floor === null || floor === undefined) return { floor: await this.stamp(), stamps: new Map() }
    const stamps = new Map<string, Stamp>()
    tags.forEach((tag, i) => {
      const score = scores[i]
      if (score !== null) stamps.set(tag, stampOf(score))
    })
    return { floor: stampOf(floor), stamps }
  }

  async #run (script: Script, key: string, args: (string | Buffer | number)[]): Promise<unknown> {
    try {
      return await this.client.evalsha(script.sha, 1, key, ...args)
    } catch (error) {
      if (!(error instanceof Error && error.message.startsWith('NOSCRIPT'))) throw error
      return this.client.eval(script.source, 1, key, ...args)
    }
  }
}

function stampOf (reply: unknown): Stamp {
  const stamp = Number(reply)
  if (Number.isSafeInteger(stamp)) return stamp
  throw new CacheError('WEIR_CACHE_STORE_FAILED', `give a stamp, but ${shown(reply)}`)
}
