import { Breaker, isReplyError, type Script, script, type ScriptArgument } from '@weir/internal'
import type { RedisConnection, ScanReply, ScanStep } from '@weir/redis'
import { CacheError, shown } from '../../errors.js'
import { versionBytes } from '../../frame-version.js'
import { type Increment, IncrementBatch } from '../increment-batch.js'
import { ReadBatch } from '../read-batch.js'
import { INCREMENT } from './swap-scripts.js'

// Probes with a script, because the store cannot work without scripts, and one with a key goes to
// the key's node.
const PROBE = script('return 1')

/** Sends the store's commands to Redis; in a cluster, behind a breaker per node. */
export class Commands {
  readonly #breakers = new Map<string, Breaker>()
  readonly #reads = new ReadBatch(
    (key) => this.#read(key),
    (keys) => this.#readAll(keys)
  )

  /**
   * Joins the increments of one turn of the event loop into one command; in a cluster, those of one
   * counter.
   */
  readonly increments: IncrementBatch

  constructor (readonly connection: RedisConnection) {
    this.increments = new IncrementBatch(
      (increments) => this.#increment(increments),
      !connection.isCluster
    )
  }

  /**
   * Reads the value under the key. Reads of one turn of the event loop share a command, except in a
   * cluster.
   */
  read (key: string): Promise<Buffer | undefined> {
    return this.connection.isCluster ? this.#read(key) : this.#reads.add(key)
  }

  unlink (key: string): Promise<void> {
    return this.#ask(key, () => this.connection.unlink(key))
  }

  /** The first bytes of a value, at most `length`; empty if there is none. */
  head (key: string, length: number): Promise<Buffer> {
    return this.#ask(key, () => this.connection.head(key, length))
  }

  /** One step of SCAN on a master. */
  scan (master: string, step: ScanStep): Promise<ScanReply> {
    return this.#breakerOf(master).run(() => this.connection.scan(master, step), '')
  }

  async evaluate (
    script: Script,
    keys: readonly string[],
    args: readonly ScriptArgument[]
  ): Promise<unknown> {
    return asText(await this.evaluateBuffer(script, keys, args))
  }

  /** Like `evaluate`, with text in the reply as bytes. */
  evaluateBuffer (
    script: Script,
    keys: readonly string[],
    args: readonly ScriptArgument[]
  ): Promise<unknown> {
    return this.#ask(keys[0] ?? '', () => this.connection.evaluate(script, keys, args))
  }

  /**
   * Sends the script whatever the state of Redis, unlike `evaluate`: for undoing an earlier command
   * that may still be executed.
   */
  async send (
    script: Script,
    keys: readonly string[],
    args: readonly ScriptArgument[]
  ): Promise<unknown> {
    return asText(await this.connection.evaluate(script, keys, args))
  }

  /** Stops probing nodes that do not answer. */
  close (): void {
    for (const breaker of this.#breakers.values()) breaker.stop()
  }

  #read (key: string): Promise<Buffer | undefined> {
    return this.#ask(key, () => this.connection.read(key))
  }

  #readAll (keys: readonly string[]): Promise<readonly (Buffer | undefined)[]> {
    return this.#ask(keys[0] ?? '', () => this.connection.readAll(keys))
  }

  async #increment (increments: readonly Increment[]): Promise<readonly (number | undefined)[]> {
    const keys = increments.map(({ key }) => key)
    const reply = await this.evaluate(
      INCREMENT,
      keys,
      increments.flatMap(({ seen, by }) => [versionBytes(seen), by])
    )
    return increments.map((_, i) => sumOf(isList(reply) ? reply[i] : reply))
  }

  #ask<R>(key: string, command: () => Promise<R>): Promise<R> {
    const breaker = this.#breakerOf(this.connection.nodeOf(key))
    return breaker.run(this.connection.isCluster ? () => this.#redirected(command) : command, key)
  }

  async #redirected<R>(command: () => Promise<R>): Promise<R> {
    try {
      return await command()
    } catch (error) {
      if (isReplyError(error) && error.message.startsWith('MOVED')) this.connection.refresh()
      throw error
    }
  }

  #breakerOf (node: string): Breaker {
    const known = this.#breakers.get(node)
    if (known !== undefined) return known
    const breaker = new Breaker({
      name: 'redis',
      probe: async (key) => {
        // Another node has taken over the key: its answer would say nothing about this one.
        if (this.connection.nodeOf(key) !== node) return
        await this.connection.evaluate(PROBE, [key], [])
      },
      refusal: () => new CacheError('WEIR_CACHE_STORE_UNAVAILABLE', 'The store'),
      isAnswer: isReplyError
    })
    this.#breakers.set(node, breaker)
    return breaker
  }
}

function asText (reply: unknown): unknown {
  if (Buffer.isBuffer(reply)) return reply.toString()
  return isList(reply) ? reply.map(asText) : reply
}

/** Reads the sum from a reply. Any other reply leaves open whether the increment was applied. */
function sumOf (reply: unknown): number | undefined {
  if (typeof reply !== 'string') {
    throw new CacheError('WEIR_CACHE_STORE_FAILED', `return the sum, but ${shown(reply)}`)
  }
  return reply === '' ? undefined : Number(reply)
}

const isList = (value: unknown): value is readonly unknown[] => Array.isArray(value)
