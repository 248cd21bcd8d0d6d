import { Breaker } from './breaker.js'
import { CacheError } from '../../errors.js'
import type { RedisClient } from './index.js'
import type { Script } from './scripts.js'

// How long a Redis that did not answer is left alone, in milliseconds.
const COOL_DOWN = 250

type Argument = string | Buffer | number

type CompleteClient = RedisClient & Required<Pick<RedisClient, 'evalshaBuffer' | 'evalBuffer'>>

const isComplete = (client: RedisClient): client is CompleteClient => client.evalshaBuffer !== undefined && client.evalBuffer !== undefined

/** What the store says to Redis, behind a breaker. */
export class Commands {
  readonly client: CompleteClient
  readonly #breaker = new Breaker(COOL_DOWN, isReply)

  /** @throws CacheError WEIR_CACHE_INVALID_OPTION */
  constructor (client: RedisClient) {
    if (!isComplete(client)) throw new CacheError('WEIR_CACHE_INVALID_OPTION', 'client: it has to have evalshaBuffer and evalBuffer, as clients of ioredis do')
    this.client = client
  }

  async read (key: string): Promise<Buffer | undefined> {
    return await this.#ask(() => this.client.getBuffer(key)) ?? undefined
  }

  async unlink (key: string): Promise<void> {
    await this.#ask(() => this.client.unlink(key))
  }

  evaluate ({ sha, source }: Script, keys: readonly string[], args: readonly Argument[]): Promise<unknown> {
    return this.#known(
      () => this.client.evalsha(sha, keys.length, ...keys, ...args),
      () => this.client.eval(source, keys.length, ...keys, ...args)
    )
  }

  /** As `evaluate`, with text in the reply as bytes. */
  evaluateBuffer ({ sha, source }: Script, keys: readonly string[], args: readonly Argument[]): Promise<unknown> {
    return this.#known(
      () => this.client.evalshaBuffer(sha, keys.length, ...keys, ...args),
      () => this.client.evalBuffer(source, keys.length, ...keys, ...args)
    )
  }

  /** Sent however Redis is doing, for what should undo an earlier command that may still be executed; nobody waits for it. */
  try ({ sha }: Script, keys: readonly string[], args: readonly Argument[]): void {
    this.client.evalsha(sha, keys.length, ...keys, ...args).catch(() => {})
  }

  async #known (bySha: () => Promise<unknown>, bySource: () => Promise<unknown>): Promise<unknown> {
    try {
      return await this.#ask(bySha)
    } catch (error) {
      if (!(isReply(error) && error.message.startsWith('NOSCRIPT'))) throw error
      return this.#ask(bySource)
    }
  }

  async #ask<R> (command: () => Promise<R>): Promise<R> {
    try {
      return await this.#breaker.run(command)
    } catch (error) {
      // ioredis does not look where slots went when it was a pipeline that failed, with commands for several of them.
      if (isReply(error) && error.message.startsWith('MOVED') && 'nodes' in this.client) this.client.refreshSlotsCache?.()
      throw error
    }
  }
}

/** Redis itself says no: as clients name it, by its protocol. */
const isReply = (error: unknown): error is Error => error instanceof Error && error.name === 'ReplyError'
