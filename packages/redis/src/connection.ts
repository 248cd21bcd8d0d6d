import { isReplyError, runScript, type Script, within } from '@weir/internal'
import type { RedisClient } from './client.js'
import { Denials, type Sent } from './denials.js'
import type { Argument, Driver, Located } from './driver.js'
import { RedisError } from './errors.js'
import { normalize } from './reply.js'
import { Readiness } from './readiness.js'

/** A store's connection to Redis, whichever client it uses. */
export interface RedisConnection {
  readonly client: RedisClient
  /** Whether keys are in different slots, so that a command may use only one slot. */
  readonly isCluster: boolean
  /**
   * The prefix that the client adds to every key. Channels, and names among arguments, are passed
   * with it.
   */
  readonly keyPrefix: string
  /** Resolves to the value. Like all methods here, rejects without a timely answer. */
  read (key: string): Promise<Buffer | undefined>
  /**
   * Like `read` for each key, with one command if the client, the user's permissions and the keys'
   * slots allow it.
   */
  readAll (keys: readonly string[]): Promise<readonly (Buffer | undefined)[]>
  unlink (key: string): Promise<void>
  /** Reads the values of a hash. */
  values (key: string): Promise<Buffer[]>
  /** The first bytes of a value, at most `length`; empty if there is none. */
  head (key: string, length: number): Promise<Buffer>
  /** The masters, by id, in a stable order; one that is '' unless it is a cluster. */
  masters (): readonly string[]
  /** One step of SCAN, which looks at about `count` keys of the master. */
  scan (master: string, step: ScanStep): Promise<ScanReply>
  /**
   * Runs a script, by its digest if Redis knows it. In the reply, text is a Buffer and an integer a
   * number.
   */
  evaluate (script: Script, keys: readonly string[], args: readonly Argument[]): Promise<unknown>
  /**
   * Returns the node to which commands for the key currently go, as far as the client knows; '' if
   * there is only one or the client does not know.
   */
  nodeOf (key: string): string
  /** Reports a failed redirection: the client looks up the slots again. */
  refresh (): void
  /** Whether the client can create another connection that listens. */
  readonly canListen: boolean
  /** Locates the server that publishes a channel, in order to listen there. */
  locate (channel: string): Promise<Located>
  /** Closes everything created for it, including a client created from a URL. */
  close (): Promise<void>
}

/** One step of SCAN. */
export interface ScanStep {
  /** The reply's of the step before; `0` begins. */
  readonly cursor: string
  /** A glob of whole names, the client's own prefix included. */
  readonly pattern: string
  /** Keys to look at, about. Redis is busy with them for as long. */
  readonly count: number
}

/** The reply to a step of SCAN. */
export interface ScanReply {
  /** `0` at the end. */
  readonly cursor: string
  /** Whole names, the client's own prefix included. */
  readonly names: readonly string[]
}

export interface DrivenOptions {
  readonly client: RedisClient
  readonly driver: Driver
  /** Milliseconds. */
  readonly commandTimeout: number
  /** Prefix of all keys and channels, before the client's own prefix. */
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

function bytesOf (reply: unknown): Buffer {
  if (Buffer.isBuffer(reply)) return reply
  throw unexpected('GETRANGE', reply)
}

function scanReplyOf (reply: unknown): ScanReply {
  const parts: readonly unknown[] = Array.isArray(reply) ? reply : []
  const [cursor, names] = parts
  // A client may give the cursor as a number.
  if ((Buffer.isBuffer(cursor) || typeof cursor === 'number') && Array.isArray(names)) {
    return { cursor: String(cursor), names: names.map(String) }
  }
  throw unexpected('SCAN', reply)
}

/**
 * Reports whether Redis rejects MGET: because of the user's permissions, an unknown command, or a
 * server in cluster mode behind a client that is not. Single GETs may still work.
 */
const isRefused = (error: unknown) =>
  isReplyError(error) && /^(NOPERM|CROSSSLOT|ERR unknown command)/i.test(error.message)

/**
 * A connection through a driver: limits the time of every command, normalizes replies, and reports
 * denied commands.
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
    // A cluster spreads the keys over different slots, where MGET is not allowed.
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

  head (key: string, length: number): Promise<Buffer> {
    return this.#ask(
      { command: 'GETRANGE', name: key, isOptional: true },
      () => this.#driver.getrange(key, length - 1),
      bytesOf
    )
  }

  masters (): readonly string[] {
    return this.#driver.masters()
  }

  scan (master: string, { cursor, pattern, count }: ScanStep): Promise<ScanReply> {
    return this.#ask(
      { command: 'SCAN', name: pattern, isOptional: true },
      () => this.#driver.scan(master, cursor, pattern, count),
      scanReplyOf
    )
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
