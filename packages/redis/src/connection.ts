import { isReplyError, runScript, type Script, within } from '@weir/internal'
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
  /**
   * What the client puts before every key. Channels, and names among arguments, are given with it.
   */
  readonly keyPrefix: string
  /** Resolves to the value, without an answer in time it rejects; as all here. */
  read (key: string): Promise<Buffer | undefined>
  /**
   * As `read` for each key, by one command where the client, the user's rights and the places of
   * the keys allow that.
   */
  readAll (keys: readonly string[]): Promise<readonly (Buffer | undefined)[]>
  unlink (key: string): Promise<void>
  /** The values of a hash. */
  values (key: string): Promise<Buffer[]>
  /**
   * Runs a script, by its digest if Redis knows it. In the reply text is a Buffer and an integer a
   * number.
   */
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

const asIs = <T>(reply: T): T => reply

const unexpected = (command: string, reply: unknown) =>
  new RedisError('WEIR_REDIS_REPLY', `to ${command} with a ${typeof reply}`)

function valueOf (reply: unknown): Buffer | undefined {
  if (reply === null || Buffer.isBuffer(reply)) return reply ?? undefined
  throw unexpected('GET', reply)
}

const valuesOf = (count: number) => (reply: unknown): (Buffer | undefined)[] => {
  if (Array.isArray(reply) && reply.length === count) return reply.map(valueOf)
  throw unexpected('MGET', reply)
}

function buffersOf (reply: unknown): Buffer[] {
  if (Array.isArray(reply) && reply.every((value) => Buffer.isBuffer(value))) return reply
  throw unexpected('HVALS', reply)
}

/**
 * Whether it is MGET that Redis refuses: the user's rights, a server that does not know it, or one
 * that is in cluster mode behind a client that is not. One GET each may do all the same.
 */
const isRefused = (error: unknown) =>
  isReplyError(error) && /^(NOPERM|CROSSSLOT|ERR unknown command)/i.test(error.message)

/**
 * A connection by a driver: bounds every command, gives replies their form, and tells of what is
 * denied.
 */
export class DrivenConnection implements RedisConnection {
  readonly client: RedisClient
  readonly isCluster: boolean
  readonly keyPrefix: string
  readonly canListen: boolean
  readonly #driver: Driver
  #readsAtOnce: boolean
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
    // In a cluster the keys lie in different slots, where MGET may not go.
    this.#readsAtOnce = !driver.isCluster
    this.#commandTimeout = commandTimeout
    this.#readiness = new Readiness(driver)
    this.#denials = new Denials(client, `${driver.keyPrefix}${prefix}:`)
    this.#end = end
  }

  read (key: string): Promise<Buffer | undefined> {
    return this.#ask({ command: 'GET', name: key }, () => this.#driver.get(key), valueOf)
  }

  async readAll (keys: readonly string[]): Promise<readonly (Buffer | undefined)[]> {
    if (keys.length > 1 && this.#readsAtOnce) {
      try {
        return await this.#ask(
          { command: 'MGET', name: keys[0] ?? '', isOptional: true },
          () => this.#driver.mget(keys),
          valuesOf(keys.length)
        )
      } catch (error) {
        if (!isRefused(error)) throw error
        this.#readsAtOnce = false
      }
    }
    return Promise.all(keys.map((key) => this.read(key)))
  }

  async unlink (key: string): Promise<void> {
    await this.#ask({ command: 'UNLINK', name: key }, () => this.#driver.unlink(key), asIs)
  }

  values (key: string): Promise<Buffer[]> {
    return this.#ask({ command: 'HVALS', name: key }, () => this.#driver.hvals(key), buffersOf)
  }

  evaluate (script: Script, keys: readonly string[], args: readonly Argument[]): Promise<unknown> {
    return this.#ask(
      { command: 'EVALSHA', name: keys[0] ?? '', script },
      () => runScript(this.#driver, script, keys, args),
      asIs
    )
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
          prove: (channel) =>
            this.#noted({ command: 'UNLINK', name: channel }, listener.prove(channel), asIs),
          subscribe: (channel, heard) =>
            this.#noted(
              { command: 'SSUBSCRIBE', name: channel },
              listener.subscribe(channel, heard),
              asIs
            ),
          close: () => {
            listener.close()
          }
        }
      }
    }
  }

  async close (): Promise<void> {
    this.#readiness.close()
    await this.#end()
  }

  #ask<R>(sent: Sent, send: () => Promise<unknown>, as: (reply: unknown) => R): Promise<R> {
    const ready = this.#readiness.wait()
    return ready === undefined
      ? this.#replied(sent, send(), as)
      : this.#askOnceReady(sent, send, as, ready)
  }

  async #askOnceReady<R>(
    sent: Sent,
    send: () => Promise<unknown>,
    as: (reply: unknown) => R,
    ready: Promise<void>
  ): Promise<R> {
    let isGivenUp = false
    const ifStillWanted = () => (isGivenUp ? undefined : send())
    try {
      return await this.#replied(sent, ready.then(ifStillWanted), as)
    } finally {
      isGivenUp = true
    }
  }

  #replied<R>(sent: Sent, reply: Promise<unknown>, as: (reply: unknown) => R): Promise<R> {
    const ms = this.#commandTimeout
    const late = () => new RedisError('WEIR_REDIS_TIMEOUT', `${sent.command} within ${ms} ms`)
    return this.#noted(sent, within(ms, reply, late), (reply) => as(normalize(reply)))
  }

  #noted<T, R>(sent: Sent, reply: Promise<T>, as: (reply: T) => R): Promise<R> {
    return reply.then(
      (result) => {
        this.#denials.succeeded(sent)
        return as(result)
      },
      (error: unknown) => {
        this.#denials.failed(sent, error)
        throw error
      }
    )
  }
}
