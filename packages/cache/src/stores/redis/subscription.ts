/** A connection of the store's own, that only listens. ioredis' `Redis` has it. */
export interface RedisSubscriber {
  subscribe (channel: string): Promise<unknown>
  ping (): Promise<string>
  on (event: 'message', listener: (channel: string, message: string) => void): unknown
  on (event: 'ready' | 'close', listener: () => void): unknown
  on (event: 'error', listener: (error: Error) => void): unknown
  disconnect (reconnect?: boolean): void
}

/** Who listens to a channel. */
export interface Listener {
  /** Messages are heard from now on. */
  subscribed (): void
  heard (message: string): void
  /** Messages may have been missed: what was known by them is not any more. */
  lost (): void
}

/**
 * The lease under which an instance may trust what it remembers.
 *
 * PING goes out on the connection that also brings the messages. Redis answers in order, so a PONG proves that
 * every message published before its PING was sent has been heard: this instance is coherent as of that moment, and may
 * rely on it for one lease. Whoever publishes waits that long before he calls it done. A stalled event loop, a dead
 * connection or a frozen Redis ends the lease by themselves, without anybody noticing anything.
 */
export class Subscription {
  readonly #connection: RedisSubscriber
  readonly #listeners = new Map<string, Listener>()
  readonly #pinging: NodeJS.Timeout
  #connected = false
  /** Which connection it is: what an earlier one answers late is worth nothing. */
  #epoch = 0
  /** On this process's monotonic clock, in milliseconds. */
  #coherentAsOf = -Infinity
  #oldestPing: number | undefined

  /** @param lease milliseconds; the same for every instance */
  constructor (connection: RedisSubscriber, readonly lease: number) {
    this.#connection = connection
    connection.on('ready', () => this.#begin())
    connection.on('close', () => this.#lose())
    connection.on('error', () => {}) // 'close' follows, and commands of others tell the same
    connection.on('message', (channel, message) => this.#listeners.get(channel)?.heard(message))
    this.#pinging = setInterval(() => this.#ping(), Math.max(10, lease / 5)).unref()
  }

  /** Whether every message published a lease ago or earlier has been heard. */
  get isCoherent (): boolean {
    return performance.now() - this.#coherentAsOf <= this.lease
  }

  listen (channel: string, listener: Listener): void {
    this.#listeners.set(channel, listener)
    if (this.#connected) this.#subscribe(channel, listener)
  }

  /** Gives up the connection for a new one. */
  restart (): void {
    this.#connection.disconnect(true)
  }

  /** Resolves when Redis has answered a PING from now: this instance is coherent. Rejects if the connection is lost before. */
  prove (): Promise<void> {
    const sent = performance.now()
    const epoch = this.#epoch
    return this.#connection.ping().then(() => {
      if (epoch !== this.#epoch) throw new Error('the connection was lost')
      this.#coherentAsOf = sent
    })
  }

  close (): void {
    clearInterval(this.#pinging)
    this.#lose()
    this.#connection.disconnect()
  }

  #begin (): void {
    this.#connected = true
    for (const [channel, listener] of this.#listeners) this.#subscribe(channel, listener)
  }

  #subscribe (channel: string, listener: Listener): void {
    const epoch = this.#epoch
    this.#connection.subscribe(channel).then(
      () => { if (epoch === this.#epoch) listener.subscribed() },
      // Without its messages the channel's listener trusts nothing; a new connection tries again.
      () => { if (epoch === this.#epoch) this.restart() }
    )
  }

  #lose (): void {
    this.#connected = false
    this.#epoch++
    this.#coherentAsOf = -Infinity
    this.#oldestPing = undefined
    for (const listener of this.#listeners.values()) listener.lost()
  }

  /** One PING at a time: while Redis is frozen they do not pile up. */
  #ping (): void {
    if (!this.#connected) return
    const sent = performance.now()
    if (this.#oldestPing !== undefined) {
      // A connection that has been dead for so long will not tell by itself.
      if (sent - this.#oldestPing > DEAD_AFTER) this.restart()
      return
    }
    this.#oldestPing = sent
    const answered = () => { if (this.#oldestPing === sent) this.#oldestPing = undefined }
    this.prove().then(answered, answered)
  }
}

const DEAD_AFTER = 2000
