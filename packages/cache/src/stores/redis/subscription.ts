import { type Listener as Connection, type Located, pauseAfter } from '@weir/redis'
import { Lapses } from '../lapses.js'

/** Receives the messages of one channel. */
export interface Listener {
  /** Messages are received from now on. */
  subscribed (): void
  heard (message: string): void
  /** Messages may have been missed: state derived from them is no longer reliable. */
  lost (): void
}

// Milliseconds after which a connection is given up that cannot be established (Sentinels are asked
// one after the other), or is silent because the server has vanished.
const CONNECTED_WITHIN = 5000
const ANSWERED_WITHIN = 2000
// Milliseconds after which a connection counts as stable rather than as repeatedly failing, e.g.
// because a script is refused.
const LASTING = 2000
// Milliseconds without a read after which proofs only keep the connection alive.
const IDLE_AFTER = 2000
const IDLE_PROOF_EVERY = 1000

/**
 * The lease under which an instance may trust its memory.
 *
 * The proof is sent on the connection that also delivers the messages. Redis answers in order, so
 * an answer proves that every message published before the proof was sent has been received: the
 * instance is coherent as of that moment, and may rely on that for one lease. A publisher waits
 * that long before its change is done. A stalled event loop, a dead connection or a frozen Redis
 * ends the lease without having to be detected.
 *
 * An idle instance, from which nothing is read, only proves once a second that its connection is
 * alive. The store checks its first read after that.
 *
 * The proof is the UNLINK of a key that does not exist, in the slot of the channel: a write that
 * changes nothing. Only a server that would execute an invalidation answers it. Refusals come from
 * a replica (READONLY), the former owner of a slot (MOVED), a node whose slot is migrating (ASK),
 * and a node that is cut off from its cluster (CLUSTERDOWN) or its replicas (NOREPLICAS, if
 * `min-replicas-to-write` is set); a master that is handing over answers when it has done so. All
 * of them would answer PING.
 *
 * The proof cannot detect a master that is cut off, together with this instance, from the others,
 * which have promoted another master. It answers until it notices. In a cluster that happens after
 * `cluster-node-timeout`, before the other one takes over, unless the old master was stopped
 * meanwhile or the new one was told not to wait (CLUSTER FAILOVER TAKEOVER). Under Sentinel it
 * happens after `min-replicas-max-lag` if `min-replicas-to-write` is set, and otherwise when the
 * network has recovered.
 */
export class Subscription {
  readonly #listeners = new Map<string, Listener>()
  #watch: NodeJS.Timeout | undefined
  #askedAt = performance.now()
  #isIdle = false
  readonly #lapses: Lapses
  #connection: Connection | undefined
  #isReady = false
  #readySince = Infinity
  /** Identifies the current attempt or connection: late answers of earlier ones are ignored. */
  #epoch = 0
  #failures = 0
  #retry: NodeJS.Timeout | undefined
  /** Monotonic time of this process, in milliseconds. */
  #coherentAsOf = -Infinity
  /** Deadline of the connection or proof in progress; undefined if there is none. */
  #deadline: number | undefined

  /**
   * @param find resolves to the server that publishes the channel
   * @param lease milliseconds; the same for every instance
   */
  constructor (readonly find: (channel: string) => Promise<Located>, readonly lease: number) {
    this.#lapses = new Lapses(lease)
    this.#lookLater()
  }

  /**
   * Reports whether every message published at least one lease ago has been received. Calling it
   * keeps proofs going.
   */
  isCoherent (): boolean {
    const now = performance.now()
    this.#askedAt = now
    if (this.#isIdle) this.#wake()
    return now - this.#coherentAsOf <= this.lease
  }

  /** Listens to a channel. One server must publish all channels of a subscription. */
  listen (channel: string, listener: Listener): void {
    this.#listeners.set(channel, listener)
    if (this.#listeners.size === 1) this.#connect()
    else if (this.#isReady) this.#subscribe(channel, listener)
  }

  /** Replaces the connection with a new one. */
  restart (): void {
    this.#lose(this.#epoch)
  }

  /**
   * Resolves when Redis has answered a proof sent from now on: the instance is coherent. Rejects if
   * the connection is lost first.
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
    this.#lapses.proved(sent, !this.#isIdle)
    this.#coherentAsOf = sent
  }

  close (): void {
    clearTimeout(this.#watch)
    this.#isIdle = false
    this.#lapses.ended()
    this.#lose(this.#epoch)
    clearTimeout(this.#retry)
  }

  /** Milliseconds between proofs while they are used to check entries. */
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
      // The listener trusts nothing until it receives messages; a new connection retries.
      () => this.#lose(epoch)
    )
  }

  /** Gives up the connection or attempt and retries after a pause. */
  #lose (epoch: number): void {
    if (epoch !== this.#epoch) return
    const wasReady = this.#isReady
    this.#lapses.lost()
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

  /** Sends one proof at a time, so that proofs do not pile up while Redis is frozen. */
  #look (): void {
    if (this.#deadline !== undefined) {
      if (performance.now() > this.#deadline) this.restart()
      return
    }
    if (!this.#isReady) return
    const isIdle = performance.now() - this.#askedAt > IDLE_AFTER
    if (isIdle && !this.#isIdle && this.#pause < IDLE_PROOF_EVERY) {
      this.#isIdle = true
      this.#lapses.ended()
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
