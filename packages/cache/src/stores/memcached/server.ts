import type { Socket } from 'node:net'
import { Breaker } from '@weir/internal'
import { CacheError } from '../../errors.js'
import { Batch } from '../batch.js'
import { Slots } from '../slots.js'
import { withinAwake } from '../within-awake.js'
import { createClient } from './driver.js'

/** A version of an item: the server's number for it, and the connection on which it was read. */
interface Version {
  readonly unique: string
  readonly socket: Socket
}

/** An item as read. */
export interface Item {
  readonly value: Buffer
  readonly version: Version
}

// The flags that memcache-client sets for binary values.
const BYTES = 8
const END_OF_LINE = Buffer.from('\r\n')
// Maximum number of names per command: a long reply would delay other commands.
const AT_ONCE = 50
// Maximum number of commands in flight. A command's time starts when it is written, and more
// commands in flight are not faster.
const UNDER_WAY = 128

/**
 * Sends commands to one server: on one connection, in order, each with a timeout, behind a breaker.
 *
 * Commands of a burst wait here for a free slot, which does not count as an outage.
 */
export class MemcachedServer {
  readonly #client
  readonly #breaker: Breaker
  readonly #slots = new Slots(UNDER_WAY)
  readonly #reads = new Batch<string, ReadonlyMap<string, Item>>((names) =>
    this.gets([...new Set(names)])
  )

  #isClosed = false

  /**
   * @param address `host:port`
   * @param timeout milliseconds that a command may take
   */
  constructor (
    readonly address: string,
    readonly timeout: number
  ) {
    this.#client = createClient(address, timeout)
    this.#breaker = new Breaker({
      name: 'memcached',
      probe: () => this.#send('version', () => 'version\r\n'),
      refusal: () => new CacheError('WEIR_CACHE_STORE_UNAVAILABLE', `Memcached ${address}`),
      isAnswer
    })
  }

  /** Reads one item. Reads of one turn of the event loop share a command. */
  async read (name: string): Promise<Item | undefined> {
    return (await this.#reads.add(name)).get(name)
  }

  /** Reads the existing items, in the order of the names, one after the other. */
  async gets (names: readonly string[]): Promise<ReadonlyMap<string, Item>> {
    const items = new Map<string, Item>()
    const count = Math.ceil(names.length / AT_ONCE)
    await Promise.all(
      Array.from({ length: count }, async (_, i) => {
        const part = names.slice(i * AT_ONCE, (i + 1) * AT_ONCE)
        let from: Socket | undefined
        const reply = await this.#ask('gets', (socket) => {
          from = socket
          return `gets ${part.join(' ')}\r\n`
        })
        for (const [name, found] of Object.entries(reply ?? {})) {
          const item = from && itemOf(found, from)
          if (item !== undefined) items.set(name, item)
        }
      })
    )
    return items
  }

  /**
   * Stores an item in place of the one that was read, if that is unchanged, or if there was none
   * and still is none.
   *
   * Only on the connection on which the item was read: a restarted server reuses version numbers.
   * @param lifetime seconds as in the protocol: 0 does not expire, -1 has expired
   * @returns whether it was stored
   */
  put (name: string, value: Buffer, lifetime: number, before: Item | undefined): Promise<boolean> {
    if (before === undefined) {
      return this.#isDone('add', () => stored('add', name, value, lifetime))
    }
    const { unique, socket: from } = before.version
    return this.#isDone('cas', (socket) => {
      if (socket !== from) throw new ConnectionChanged()
      return stored('cas', name, value, lifetime, ` ${unique}`)
    })
  }

  async set (name: string, value: Buffer, lifetime: number): Promise<void> {
    await this.#ask('set', () => stored('set', name, value, lifetime))
  }

  touch (name: string, lifetime: number): Promise<boolean> {
    return this.#isDone('touch', () => `touch ${name} ${lifetime}\r\n`)
  }

  /** Ends the connection and the probes: commands fail from now on. */
  close (): void {
    this.#isClosed = true
    this.#breaker.stop()
    this.#slots.refuse(this.#closed())
    this.#client.shutdown()
  }

  async #isDone (command: string, write: (socket: Socket) => string | Buffer): Promise<boolean> {
    try {
      await this.#ask(command, write)
      return true
    } catch (error) {
      const cause = error instanceof CacheError ? error.cause : undefined
      if (
        cause instanceof ConnectionChanged ||
        (cause instanceof Error && NOT_DONE.has(cause.message))
      ) { return false }
      throw error
    }
  }

  async #ask (command: string, write: (socket: Socket) => string | Buffer): Promise<unknown> {
    try {
      return await this.#slots.run(() => this.#breaker.run(() => this.#send(command, write)))
    } catch (error) {
      throw error instanceof CacheError ? error : this.#explained(error)
    }
  }

  async #send (command: string, write: (socket: Socket) => string | Buffer): Promise<unknown> {
    // Otherwise the client would reconnect.
    if (this.#isClosed) throw this.#closed()
    let connection: Socket | undefined
    const reply = this.#client.xsend((socket) => {
      if (socket === undefined) throw new Error('connection lost')
      connection = socket
      socket.write(write(socket))
    })
    return withinAwake(this.timeout, reply, () => {
      connection?.destroy()
      return new Error(
        `no answer to ${command} within ${this.timeout} ms: check that it is running, or raise commandTimeout`
      )
    })
  }

  #closed (): CacheError {
    return new CacheError(
      'WEIR_CACHE_STORE_FAILED',
      `answer: the store on Memcached ${this.address} is closed`
    )
  }

  #explained (cause: unknown): CacheError {
    const message = cause instanceof Error ? cause.message : String(cause)
    if (message.startsWith('SERVER_ERROR object too large')) {
      const what = `keep an item that is too large for Memcached ${this.address}`
      return new CacheError(
        'WEIR_CACHE_STORE_FAILED',
        `${what}: store less under a key, or start it with a larger -I`,
        { cause }
      )
    }
    return new CacheError(
      'WEIR_CACHE_STORE_FAILED',
      `execute the command: Memcached ${this.address}: ${message}`,
      { cause }
    )
  }
}

/** Replies that report a failed condition. */
const NOT_DONE = new Set(['NOT_STORED', 'EXISTS', 'NOT_FOUND'])

class ConnectionChanged extends Error {}

/** Reports whether the error is a reply of the server, or there was nothing to send. */
export const isAnswer = (error: unknown): boolean =>
  error instanceof ConnectionChanged || (error instanceof Error && 'cmdTokens' in error)

function stored (
  command: string,
  name: string,
  value: Buffer,
  lifetime: number,
  more = ''
): Buffer {
  const line = `${command} ${name} ${BYTES} ${lifetime} ${value.length}${more}\r\n`
  return Buffer.concat([Buffer.from(line), value, END_OF_LINE])
}

function itemOf (found: unknown, socket: Socket): Item | undefined {
  if (typeof found !== 'object' || found === null || !('value' in found) || !('casUniq' in found)) {
    return undefined
  }
  const { value, casUniq } = found
  if (casUniq === '0') {
    throw new CacheError('WEIR_CACHE_STORE_FAILED',
      'tell versions of an item apart: Memcached was started with -C, start it without')
  }
  // A value that is not bytes was written by another program: only its existence matters.
  if (typeof casUniq !== 'string') return undefined
  return {
    value: Buffer.isBuffer(value) ? value : Buffer.alloc(0),
    version: { unique: casUniq, socket }
  }
}
