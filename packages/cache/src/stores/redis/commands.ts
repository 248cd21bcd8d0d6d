import { Breaker, isReplyError, type Script, script, type ScriptArgument } from '@weir/internal'
import type { RedisConnection } from '@weir/redis'
import { CacheError } from '../../errors.js'

// Scripts are what the store cannot do without, and one that is given a key goes to its node.
const PROBE = script('return 1')

/** Sends the store's commands to Redis, behind a breaker. */
export class Commands {
  readonly #breaker: Breaker
  /** The key of the last command that was not answered: in a cluster it tells which node to probe. */
  #suspect = ''

  constructor (readonly connection: RedisConnection) {
    this.#breaker = new Breaker({
      probe: () => connection.evaluate(PROBE, [this.#suspect], []),
      refusal: () => new CacheError('WEIR_CACHE_STORE_UNAVAILABLE', 'The store'),
      isAnswer: isReplyError
    })
  }

  read (key: string): Promise<Buffer | undefined> {
    return this.#ask(key, () => this.connection.read(key))
  }

  unlink (key: string): Promise<void> {
    return this.#ask(key, () => this.connection.unlink(key))
  }

  async evaluate (script: Script, keys: readonly string[], args: readonly ScriptArgument[]): Promise<unknown> {
    return asText(await this.evaluateBuffer(script, keys, args))
  }

  /** As `evaluate`, with text in the reply as bytes. */
  evaluateBuffer (script: Script, keys: readonly string[], args: readonly ScriptArgument[]): Promise<unknown> {
    return this.#ask(keys[0], () => this.connection.evaluate(script, keys, args))
  }

  /** Sent however Redis is doing, for what should undo an earlier command that may still be executed; nobody waits for it. */
  try (script: Script, keys: readonly string[], args: readonly ScriptArgument[]): void {
    this.connection.evaluate(script, keys, args).catch(() => {})
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
        else if (error.message.startsWith('MOVED')) this.connection.refresh()
        throw error
      }
    })
  }
}

function asText (reply: unknown): unknown {
  if (Buffer.isBuffer(reply)) return reply.toString()
  return isList(reply) ? reply.map(asText) : reply
}

const isList = (value: unknown): value is readonly unknown[] => Array.isArray(value)
