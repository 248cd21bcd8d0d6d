import {
  Breaker, isReplyError, runScript, type Script, script, type ScriptArgument, type ScriptClient
} from '@weir/internal'
import { CacheError } from '../../errors.js'
import type { RedisClient } from './index.js'

type CompleteClient = RedisClient & Required<Pick<RedisClient, 'evalshaBuffer' | 'evalBuffer'>>

const isComplete = (client: RedisClient): client is CompleteClient => client.evalshaBuffer !== undefined && client.evalBuffer !== undefined

// Scripts are what the store cannot do without, and one that is given a key goes to its node.
const PROBE = script('return 1')

/** Sends the store's commands to Redis, behind a breaker. */
export class Commands {
  readonly client: CompleteClient
  /** The client again, with text in replies as bytes. */
  readonly #buffers: ScriptClient
  readonly #breaker: Breaker
  /** The key of the last command that was not answered: in a cluster it tells which node to probe. */
  #suspect = ''

  /** @throws CacheError WEIR_CACHE_INVALID_OPTION */
  constructor (client: RedisClient) {
    if (!isComplete(client)) throw new CacheError('WEIR_CACHE_INVALID_OPTION', 'client: it has to have evalshaBuffer and evalBuffer, as clients of ioredis do')
    this.client = client
    this.#buffers = {
      evalsha: (...args) => client.evalshaBuffer(...args),
      eval: (...args) => client.evalBuffer(...args)
    }
    this.#breaker = new Breaker({
      probe: () => runScript(client, PROBE, [this.#suspect], []),
      refusal: () => new CacheError('WEIR_CACHE_STORE_UNAVAILABLE', 'The store'),
      isAnswer: isReplyError
    })
  }

  async read (key: string): Promise<Buffer | undefined> {
    return await this.#ask(key, () => this.client.getBuffer(key)) ?? undefined
  }

  async unlink (key: string): Promise<void> {
    await this.#ask(key, () => this.client.unlink(key))
  }

  evaluate (script: Script, keys: readonly string[], args: readonly ScriptArgument[]): Promise<unknown> {
    return this.#ask(keys[0], () => runScript(this.client, script, keys, args))
  }

  /** As `evaluate`, with text in the reply as bytes. */
  evaluateBuffer (script: Script, keys: readonly string[], args: readonly ScriptArgument[]): Promise<unknown> {
    return this.#ask(keys[0], () => runScript(this.#buffers, script, keys, args))
  }

  /** Sent however Redis is doing, for what should undo an earlier command that may still be executed; nobody waits for it. */
  try ({ sha }: Script, keys: readonly string[], args: readonly ScriptArgument[]): void {
    this.client.evalsha(sha, keys.length, ...keys, ...args).catch(() => {})
  }

  /** Ends the probing of a Redis that does not answer. */
  close (): void {
    this.#breaker.stop()
  }

  async #ask<R> (key: string | undefined, command: () => Promise<R>): Promise<R> {
    return this.#breaker.run(async () => {
      try {
        return await command()
      } catch (error) {
        if (!isReplyError(error)) this.#suspect = key ?? ''
        // ioredis does not look where slots went when it was a pipeline that failed, with commands for several of them.
        else if (error.message.startsWith('MOVED') && 'nodes' in this.client) this.client.refreshSlotsCache?.()
        throw error
      }
    })
  }
}
