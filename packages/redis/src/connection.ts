import { runScript, type Script, within } from '@weir/internal'
import type { RedisClient } from './client.js'
import { Denials, type Sent } from './denials.js'
import type { Argument, Driver, Located } from './driver.js'
import { RedisError } from './errors.js'
import { normalize } from './reply.js'
import { Readiness } from './readiness.js'

/** What a store says to Redis goes through one of these, whatever client it was given. */
export interface RedisConnection {
  readonly client: RedisClient
  /** Whether keys are in different places, so that a command may have one slot only. */
  readonly isCluster: boolean
  /** What the client puts before every key. Channels, and names among arguments, are given with it. */
  readonly keyPrefix: string
  /** Resolves to the value, without an answer in time it rejects; as all here. */
  read (key: string): Promise<Buffer | undefined>
  unlink (key: string): Promise<void>
  /** The values of a hash. */
  values (key: string): Promise<Buffer[]>
  /** Runs a script, by its digest if Redis knows it. In the reply text is a Buffer and an integer a number. */
  evaluate (script: Script, keys: readonly string[], args: readonly Argument[]): Promise<unknown>
  /**
   * The node that commands for the key go to now, as the client knows; '' if there is but one or
   * the client does not say.
   */
  nodeOf (key: string): string
  /** Says that a redirection failed: asks again where slots are. */
  refresh (): void
  /** Whether the client can make another connection, to listen. */
  readonly canListen: boolean
  /** The server that publishes on a channel, as a place to listen. */
  locate (channel: string): Promise<Located>
  /** Ends what was made for it: the client too, if it was made from a URL. */
  close (): Promise<void>
}

export interface DrivenOptions {
  readonly client: RedisClient
  readonly driver: Driver
  /** In milliseconds. */
  readonly commandTimeout: number
  /** What all keys and channels begin with, before the client's own prefix. */
  readonly prefix: string
  readonly end: () => Promise<void>
}

/** A connection by a driver: bounds every command, gives replies their form, and tells of what is denied. */
export class DrivenConnection implements RedisConnection {
  readonly client: RedisClient
  readonly isCluster: boolean
  readonly keyPrefix: string
  readonly canListen: boolean
  readonly #driver: Driver
  readonly #commandTimeout: number
  readonly #readiness: Readiness
  readonly #denials: Denials
  readonly #end: () => Promise<void>

  constructor ({ client, driver, commandTimeout, prefix, end }: DrivenOptions) {
    this.client = client
    this.isCluster = driver.isCluster
    this.keyPrefix = driver.keyPrefix
    this.canListen = driver.canListen
    this.#driver = driver
    this.#commandTimeout = commandTimeout
    this.#readiness = new Readiness(driver)
    this.#denials = new Denials(client, `${driver.keyPrefix}${prefix}:`)
    this.#end = end
  }

  async read (key: string): Promise<Buffer | undefined> {
    const reply = await this.#ask({ command: 'GET', name: key }, () => this.#driver.get(key))
    if (reply === null || Buffer.isBuffer(reply)) return reply ?? undefined
    throw new RedisError('WEIR_REDIS_REPLY', `to GET with a ${typeof reply}`)
  }

  async unlink (key: string): Promise<void> {
    await this.#ask({ command: 'UNLINK', name: key }, () => this.#driver.unlink(key))
  }

  async values (key: string): Promise<Buffer[]> {
    const reply = await this.#ask({ command: 'HVALS', name: key }, () => this.#driver.hvals(key))
    if (Array.isArray(reply) && reply.every((value) => Buffer.isBuffer(value))) return reply
    throw new RedisError('WEIR_REDIS_REPLY', `to HVALS with a ${typeof reply}`)
  }

  evaluate (script: Script, keys: readonly string[], args: readonly Argument[]): Promise<unknown> {
    return this.#ask({ command: 'EVALSHA', name: keys[0] ?? '', script }, () => runScript(this.#driver, script, keys, args))
  }

  nodeOf (key: string): string {
    return this.isCluster ? this.#driver.nodeOf(key) : ''
  }

  refresh (): void {
    this.#driver.refresh()
  }

  async locate (channel: string): Promise<Located> {
    const located = await this.#driver.locate(channel)
    return {
      id: located.id,
      listen: (events) => {
        const listener = located.listen(events)
        return {
          prove: (channel) => this.#noted({ command: 'UNLINK', name: channel }, listener.prove(channel)),
          subscribe: (channel, heard) => this.#noted({ command: 'SSUBSCRIBE', name: channel }, listener.subscribe(channel, heard)),
          close: () => { listener.close() }
        }
      }
    }
  }

  async close (): Promise<void> {
    this.#readiness.close()
    await this.#end()
  }

  async #ask (sent: Sent, send: () => Promise<unknown>): Promise<unknown> {
    const ready = this.#readiness.wait()
    if (ready === undefined) return this.#replied(sent, send())
    let isGivenUp = false
    const ifStillWanted = () => isGivenUp ? undefined : send()
    try {
      return await this.#replied(sent, ready.then(ifStillWanted))
    } finally {
      isGivenUp = true
    }
  }

  async #replied (sent: Sent, reply: Promise<unknown>): Promise<unknown> {
    const ms = this.#commandTimeout
    const late = () => new RedisError('WEIR_REDIS_TIMEOUT', `${sent.command} within ${ms} ms`)
    return normalize(await this.#noted(sent, within(ms, reply, late)))
  }

  async #noted<T> (sent: Sent, reply: Promise<T>): Promise<T> {
    try {
      const result = await reply
      this.#denials.succeeded(sent)
      return result
    } catch (error) {
      this.#denials.failed(sent, error)
      throw error
    }
  }
}
