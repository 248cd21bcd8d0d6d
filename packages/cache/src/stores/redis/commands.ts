import { isReplyError, type Script, script, type ScriptArgument } from '@weir/internal'
import type { RedisConnection } from '@weir/redis'
import { NodeBreaker } from './node-breaker.js'

// Scripts are what the store cannot do without, and one that is given a key goes to its node.
const PROBE = script('return 1')

/** Sends the store's commands to Redis; in a cluster behind a breaker per node. */
export class Commands {
  readonly #breakers = new Map<string, NodeBreaker>()

  constructor (readonly connection: RedisConnection) {}

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
    return this.#ask(keys[0] ?? '', () => this.connection.evaluate(script, keys, args))
  }

  /**
   * Sends the script however Redis is doing, unlike `evaluate`: for what should undo an earlier command that may
   * still be executed.
   */
  async send (script: Script, keys: readonly string[], args: readonly ScriptArgument[]): Promise<unknown> {
    return asText(await this.connection.evaluate(script, keys, args))
  }

  /** Ends the probing of nodes that do not answer. */
  close (): void {
    for (const breaker of this.#breakers.values()) breaker.stop()
  }

  #ask<R> (key: string, command: () => Promise<R>): Promise<R> {
    return this.#breakerOf(this.connection.nodeOf(key)).run(key, async () => {
      try {
        return await command()
      } catch (error) {
        if (isReplyError(error) && error.message.startsWith('MOVED')) this.connection.refresh()
        throw error
      }
    })
  }

  #breakerOf (node: string): NodeBreaker {
    const known = this.#breakers.get(node)
    if (known !== undefined) return known
    const breaker = new NodeBreaker(async (key) => {
      // Since another node has taken over the key, its answer would tell nothing of this one.
      if (this.connection.nodeOf(key) !== node) return
      await this.connection.evaluate(PROBE, [key], [])
    })
    this.#breakers.set(node, breaker)
    return breaker
  }
}

function asText (reply: unknown): unknown {
  if (Buffer.isBuffer(reply)) return reply.toString()
  return isList(reply) ? reply.map(asText) : reply
}

const isList = (value: unknown): value is readonly unknown[] => Array.isArray(value)
