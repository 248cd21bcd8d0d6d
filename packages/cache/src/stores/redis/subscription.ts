import { type Listener as Connection, type Located, pauseAfter } from '@weir/redis'

/** Who listens to a channel. */
export interface Listener {
  /** Messages are heard from now on. */
  subscribed (): void
  heard (message: string): void
  /** Messages may have been missed: what was known by them is not any more. */
  lost (): void
}

// Milliseconds until a connection is given up: one that does not come about (Sentinels are asked
// one after the other), one that is silent, because the server has vanished.
const CONNECTED_WITHIN = 5000
const ANSWERED_WITHIN = 2000
// A connection that has lasted for so long was none that fails again and again, as where a script
// is refused. In milliseconds.
const LASTING = 2000
// Milliseconds without a read after which proofs only keep the connection alive.
const IDLE_AFTER = 2000
const IDLE_PROOF_EVERY = 1000

/**
 * The lease under which an instance may trust what it remembers.
 *
 * The proof goes out on the connection that also brings the messages. Redis answers in order, so an
 * answer proves that every message published before the question was sent has been heard: this
 * instance is coherent as of that moment, and may rely on it for one lease. A publisher waits that
 * long before its change is done. A stalled event loop, a dead connection or a frozen Redis ends
 * the lease by itself: no detection is needed.
 *
 * An idle instance, from which nothing is read, proves only once a second that its connection
 * lives. The first read after that is judged by the store.
 *
 * The proof is the UNLINK of a key that does not exist, in the slot of the channel: a write that
 * changes nothing. Only who would carry out an invalidation answers it. A replica refuses it
 * (READONLY), as do the former owner of a slot (MOVED), one whose slot is on its way to another
 * (ASK), one that is cut off from its cluster (CLUSTERDOWN) or its replicas (NOREPLICAS, where
 * `min-replicas-to-write` is set); a master that is handing over answers when it has. PING would be
 * answered by all of them.
 *
 * What it cannot tell: a master that is cut off, with this instance, from the rest, which has made
 * another one the master. It answers until it notices: in a cluster after `cluster-node-timeout`,
 * which is before the other takes over unless it was itself stopped meanwhile or the other was told
 * not to wait (CLUSTER FAILOVER TAKEOVER); under Sentinel after `min-replicas-max-lag` if
 * `min-replicas-to-write` is set, and otherwise when the network is whole again.
 */
export class Subscription {
  readonly #listeners = new Map<string, Listener>()
  #watch: NodeJS.Timeout | undefined
  #askedAt = performance.now()
  #isIdle = false
  #connection: Connection | undefined
  #isReady = false
  #readySince = Infinity
  /** Which attempt or connection it is: what an earlier one says late is worth nothing. */
  #epoch = 0
  #failures = 0
  #retry: NodeJS.Timeout | undefined
  /** On this process's monotonic clock, in milliseconds. */
  #coherentAsOf = -Infinity
  /**
   * By when the connection, or the proof under way, has to be there; undefined while nothing is
   * waited for.
   */
  #deadline: number | undefined

  /**
   * @param find resolves to the server that publishes on the channel
   * @param lease milliseconds; the same for every instance
   */
  constructor (readonly find: (channel: string) => Promise<Located>, readonly lease: number) {
    this.#lookLater()
  }

  /**
   * Whether every message published a lease ago or earlier has been heard. Asking keeps proofs
   * coming.
   */
  isCoherent (): boolean {
    const now = performance.now()
    this.#askedAt = now
    if (this.#isIdle) this.#wake()
    return now - this.#coherentAsOf <= this.lease
  }

  /** The channels of one subscription are all published on by one server. */
  listen (channel: string, listener: Listener): void {
    this.#listeners.set(channel, listener)
    if (this.#listeners.size === 1) this.#connect()
    else if (this.#isReady) this.#subscribe(channel, listener)
  }

  /** Gives up the connection for a new one. */
  restart (): void {
    this.#lose(this.#epoch)
  }

  /**
   * Resolves when Redis has answered a question from now: this instance is coherent. Rejects if the
   * connection is lost before.
   */
  async prove (): Promise<void> {
    const [channel] = this.#listeners.keys()
    if (this.#connection === undefined || channel === undefined) {
      throw new Error('there is no connection')
    }
    const sent = performance.now()
    const epoch = this.#epoch
    await this.#connection.prove(channel)
    if (epoch !== this.#epoch) throw new Error('the connection was lost')
    this.#coherentAsOf = sent
  }

  close (): void {
    clearTimeout(this.#watch)
    this.#isIdle = false
    this.#lose(this.#epoch)
    clearTimeout(this.#retry)
  }

  /** Milliseconds between proofs while entries are being judged by them. */
  get #pause (): number {
    return Math.max(2, this.lease / 5)
  }

  #lookLater (): void {
    clearTimeout(this.#watch)
    this.#watch = setTimeout(() => {
      this.#lookLater()
      this.#look()
    }, this.#isIdle ? IDLE_PROOF_EVERY : this.#pause).unref()
  }

  #wake (): void {
    this.#isIdle = false
    this.#lookLater()
    this.#look()
  }

  #connect (): void {
    const epoch = ++this.#epoch
    const [channel] = this.#listeners.keys()
    if (channel === undefined) return
    this.#deadline = performance.now() + CONNECTED_WITHIN
    this.find(channel).then((server) => {
      if (epoch !== this.#epoch) return
      this.#connection = server.listen({
        ready: () => this.#begin(epoch),
        lost: () => this.#lose(epoch)
      })
    }).catch(() => this.#lose(epoch))
  }

  #begin (epoch: number): void {
    if (epoch !== this.#epoch) return
    this.#isReady = true
    this.#readySince = performance.now()
    this.#deadline = undefined
    for (const [channel, listener] of this.#listeners) this.#subscribe(channel, listener)
  }

  #subscribe (channel: string, listener: Listener): void {
    const epoch = this.#epoch
    const heard = (message: string) => { if (epoch === this.#epoch) listener.heard(message) }
    this.#connection?.subscribe(channel, heard).then(
      () => { if (epoch === this.#epoch) listener.subscribed() },
      // Without its messages the channel's listener trusts nothing; a new connection tries again.
      () => this.#lose(epoch)
    )
  }

  /** Lets go of the connection, or the attempt, and tries again in a while. */
  #lose (epoch: number): void {
    if (epoch !== this.#epoch) return
    const wasReady = this.#isReady
    this.#epoch++
    this.#isReady = false
    this.#coherentAsOf = -Infinity
    this.#deadline = undefined
    this.#connection?.close()
    this.#connection = undefined
    clearTimeout(this.#retry)
    if (performance.now() - this.#readySince > LASTING) this.#failures = 0
    this.#readySince = Infinity
    this.#retry = setTimeout(() => this.#connect(), pauseAfter(this.#failures++)).unref()
    if (wasReady) for (const listener of this.#listeners.values()) listener.lost()
  }

  /** One question at a time: while Redis is frozen they do not pile up. */
  #look (): void {
    if (this.#deadline !== undefined) {
      if (performance.now() > this.#deadline) this.restart()
      return
    }
    if (!this.#isReady) return
    const isIdle = performance.now() - this.#askedAt > IDLE_AFTER
    if (isIdle && !this.#isIdle && this.#pause < IDLE_PROOF_EVERY) {
      this.#isIdle = true
      this.#lookLater()
    }
    const epoch = this.#epoch
    const deadline = performance.now() + ANSWERED_WITHIN
    this.#deadline = deadline
    this.prove().then(
      () => { if (this.#deadline === deadline) this.#deadline = undefined },
      () => this.#lose(epoch)
    )
  }
}
