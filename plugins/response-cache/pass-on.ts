import { Cache, type CacheOptions, keyTag, type WriteOptions } from '@weir/cache'
import { type Edge, EVERYTHING } from '@weir/edge'
import { isTag } from './tags.js'

/** Result of an invalidation that is in force on every instance. */
export interface Invalidated {
  /**
   * Caches at the edge that have not confirmed in the time that a write waits for them, by name:
   * they are purged as soon as they answer.
   */
  readonly unconfirmed: readonly string[]
}

/** Applications that may have an edge. */
interface Passing {
  readonly edge?: { readonly edge: Pick<Edge, 'invalidate'> }
}

/**
 * Invalidates the fleet by `work`, and passes it on to the edge, if there is one. Everything that
 * ends responses comes through here.
 */
export async function passOn (
  { edge }: Passing,
  tags: readonly string[],
  work: () => Promise<void>,
  isBounded = false
): Promise<Invalidated> {
  if (edge !== undefined) {
    return { unconfirmed: await edge.edge.invalidate(tags, work, { isBounded }) }
  }
  await work()
  return { unconfirmed: [] }
}

/** A cache that the edge covers: whatever invalidates its entries goes on to the edge. */
export class PassingCache<T> extends Cache<T> {
  readonly #app: Passing
  /**
   * Ends entries of the fleet alone: those that have expired, or that no edge can have stored.
   */
  readonly fleet: Pick<Cache<T>, 'deleteMany' | 'invalidate'> = {
    deleteMany: (keys, options) => super.deleteMany(keys, options),
    invalidate: (tags, options) => super.invalidate(tags, options)
  }

  constructor (app: Passing, options: CacheOptions<T>) {
    super(options)
    this.#app = app
  }

  /** Invalidates like `invalidate`, and tells which destinations have not confirmed. */
  async pass (tags: readonly string[], options?: WriteOptions): Promise<Invalidated> {
    const work = () => super.invalidate(tags, options)
    // Nothing is passed on before mistakes are refused.
    const isValid = Array.isArray(tags) && tags.every(isTag)
    return passOn(isValid ? this.#app : {}, tags, work, isBounded(options))
  }

  override async invalidate (tags: readonly string[], options?: WriteOptions): Promise<void> {
    await this.pass(tags, options)
  }

  /** `delete` comes through here, too. */
  override async deleteMany (keys: Iterable<string>, options?: WriteOptions): Promise<void> {
    const given: unknown = keys
    const all = typeof given === 'object' && given !== null && Symbol.iterator in given
      ? [...keys]
      : undefined
    if (all?.every(isTag) !== true) return super.deleteMany(all ?? keys, options)
    const work = () => super.deleteMany(all, options)
    await passOn(this.#app, all.map(keyTag), work, isBounded(options))
  }

  override async pull (key: string, options?: WriteOptions): Promise<T | undefined> {
    if (!isTag(key)) return super.pull(key, options)
    let value: T | undefined
    const work = async () => { value = await super.pull(key, options) }
    await passOn(this.#app, [keyTag(key)], work, isBounded(options))
    return value
  }

  override async clear (namespace = this.namespace, options?: WriteOptions): Promise<void> {
    await this.passClear(namespace, options)
  }

  /** Clears like `clear`, and tells which destinations have not confirmed. */
  async passClear (namespace = this.namespace, options?: WriteOptions): Promise<Invalidated> {
    const work = () => super.clear(namespace, options)
    // Another namespace has nothing at this edge.
    const app = namespace === this.namespace ? this.#app : {}
    return passOn(app, [EVERYTHING], work, isBounded(options))
  }
}

const isBounded = (options: WriteOptions | undefined) => options?.consistency === 'bounded'
