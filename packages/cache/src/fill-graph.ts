import { AsyncLocalStorage } from 'node:async_hooks'
import { CacheError } from './errors.js'
import { followWaits, WaitAnnouncer } from './remote-waits.js'
import type { Entries, FillId, FillLease } from './store.js'

const current = new AsyncLocalStorage<FillNode>()

/**
 * Fills whose function may still run.
 *
 * While an AsyncLocalStorage is in use, Node 20 makes every `await` of the process cost three times
 * as much, so it is disabled when this set is empty.
 */
const running = new Set<FillNode>()

/** A fill's wait for another fill. */
interface Wait {
  readonly waiter: FillNode
  readonly fill: FillNode
  /** Rejects the wait; no effect if the wait cannot be refused at present. */
  refuse: () => void
}

/** A fill of another instance that this process waits for. */
interface Remote {
  readonly id: FillId
  isOver: boolean
}

/**
 * A fill in this process, and the fills its function waits for.
 *
 * Fills that wait for each other would never finish, so the wait that closes a cycle is refused.
 *
 * A cycle may span instances. A fill that waits for one of another instance announces that in the
 * store, beside its own lease, and then follows the announcements of the others: the last one to
 * announce finds the cycle. Two that announce at the same moment may both find it. Only fills that
 * wait for another instance pay for this.
 */
export class FillNode {
  /** The lease of this fill. */
  lease: FillLease | undefined
  /** The parent's wait for this fill. */
  readonly #wait: Wait | undefined
  readonly #waits = new Set<Wait>()
  readonly #waiters = new Set<Wait>()
  #isOpen = true
  #hasRun = false
  #hasFailed = false
  #remote: Remote | undefined
  #announcer: WaitAnnouncer | undefined

  /**
   * @param entries identifies the namespace of the key
   * @param parent the fill that requested this one and waits for it
   */
  constructor (
    readonly entries: Entries,
    readonly key: string,
    readonly parent: FillNode | undefined
  ) {
    if (parent !== undefined) this.#wait = FillNode.#begin(parent, this)
  }

  /** Runs `fn` as the function of this fill: fills that it requests become children. */
  run<R>(fn: () => R): R {
    if (this.#isOpen) running.add(this)
    return current.run(this, fn)
  }

  /** Marks the function as done. Its value does not depend on fills requested later. */
  ran (): void {
    this.#hasRun = true
    if (running.delete(this) && running.size === 0) current.disable()
  }

  /** Ends the fill: it waits for no other fill, and no other fill waits for it. */
  end (hasFailed = false): void {
    this.#isOpen = false
    this.#hasFailed ||= hasFailed
    if (this.#wait !== undefined) FillNode.#end(this.#wait)
    this.ran()
  }

  /**
   * Waits for this fill's answer, on behalf of the fill that the caller is part of.
   * @throws CacheError WEIR_CACHE_REENTRANT_FILL if this fill is that one, or waits for it
   */
  async answer<R>(answer: Promise<R>): Promise<R> {
    const own = FillNode.innermost()
    if (own === undefined) return answer
    const awaited = this.#awaited()
    if (awaited.includes(own)) throw reentrant(this.key)
    const wait = FillNode.#begin(own, this)
    const refusable = orRefused(wait, answer)
    for (const node of awaited) {
      if (node.#remote !== undefined) node.#refuseCycles([wait]).catch(() => {})
    }
    try {
      return await refusable
    } finally {
      FillNode.#end(wait)
      own.#announceChange().catch(() => {})
    }
  }

  /**
   * Waits for another instance's fill of this key, on behalf of this fill and its waiters.
   * @param id undefined if the store cannot identify fills: cycles then go unnoticed
   * @throws CacheError WEIR_CACHE_REENTRANT_FILL if that fill waits for one the caller is part of
   */
  async awaitRemote<R>(id: FillId | undefined, answer: Promise<R>): Promise<R> {
    if (id === undefined) return answer
    const remote: Remote = { id, isOver: false }
    this.#remote = remote
    const refusable = this.#wait === undefined ? answer : orRefused(this.#wait, answer)
    this.#refuseCycles([...this.#waiters]).catch(() => {})
    try {
      return await refusable
    } finally {
      remote.isOver = true
      this.#remote = undefined
      this.#announceChange().catch(() => {})
      // The parent may have timed out and no longer wait for this fill.
      if (this.#wait !== undefined) this.#wait.waiter.#announceChange().catch(() => {})
    }
  }

  /**
   * Checks that the caller is not part of a fill of this key.
   *
   * A fill that failed while the caller, begun earlier, goes on is refused as well: such fills
   * could start each other forever.
   * @returns the innermost fill that the caller is part of
   * @throws CacheError WEIR_CACHE_REENTRANT_FILL
   */
  static checkNotWithin (entries: Entries, key: string): FillNode | undefined {
    const innermost = FillNode.innermost()
    for (let node = innermost; node !== undefined; node = node.parent) {
      if (node.entries === entries && node.key === key && (node.#isOpen || node.#hasFailed)) {
        throw reentrant(key)
      }
    }
    return innermost
  }

  /**
   * Returns the innermost fill that the caller is part of.
   *
   * Code that keeps running after its fill has returned a value belongs to no fill.
   */
  static innermost (): FillNode | undefined {
    let node = current.getStore()
    while (node !== undefined && (!node.#isOpen || node.#hasRun)) node = node.parent
    return node
  }

  static #begin (waiter: FillNode, fill: FillNode): Wait {
    const wait = { waiter, fill, refuse () {} }
    waiter.#waits.add(wait)
    fill.#waiters.add(wait)
    return wait
  }

  static #end (wait: Wait): void {
    wait.waiter.#waits.delete(wait)
    wait.fill.#waiters.delete(wait)
  }

  /** Collects this fill and every fill it waits for, directly or indirectly. */
  #awaited (): FillNode[] {
    return closure(this, (node) => Array.from(node.#waits, ({ fill }) => fill))
  }

  /**
   * Collects the fills with a lease among this one and all that wait for it, directly or
   * indirectly.
   */
  #holders (): FillNode[] {
    const waiting = closure(this, (node) =>
      Array.from(node.#waiters, ({ waiter }) => waiter).filter((waiter) => waiter.#isOpen)
    )
    return waiting.filter(({ lease }) => lease?.id !== undefined)
  }

  /** Announces in the store which fills of other instances this one waits for. */
  async #announce (): Promise<void> {
    if (this.lease === undefined) return
    this.#announcer ??= new WaitAnnouncer(this.lease, () =>
      this.#awaited().flatMap((node) => node.#remote?.id ?? [])
    )
    await this.#announcer.announce()
  }

  /** Updates the announcements of this fill and of all that wait for it. */
  async #announceChange (): Promise<void> {
    await Promise.all(this.#holders().flatMap((node) => node.#announcer?.announce() ?? []))
  }

  /**
   * Refuses the given waits if the remote fill that this one waits for is itself waiting for them.
   */
  async #refuseCycles (waits: readonly Wait[]): Promise<void> {
    const remote = this.#remote
    const holders = waits.flatMap(({ waiter }) => waiter.#holders())
    if (remote === undefined || holders.length === 0) return
    await Promise.all(holders.map((node) => node.#announce()))
    const stores = new Set([this, ...holders].map(({ entries }) => entries))
    const reached = await followWaits(remote.id, [...stores])
    const isCycle = ({ waiter }: Wait) =>
      waiter.#holders().some(({ lease }) => lease?.id !== undefined && reached.has(lease.id))
    for (const wait of waits) {
      if (remote.isOver || !wait.waiter.#waits.has(wait) || !isCycle(wait)) continue
      FillNode.#end(wait)
      // A refused function may continue without the value: other instances must stop treating it as
      // waiting.
      await wait.waiter.#announceChange()
      wait.refuse()
    }
  }
}

function closure (from: FillNode, next: (node: FillNode) => FillNode[]): FillNode[] {
  const found = new Set([from])
  // Iterating a set includes elements added during the iteration.
  for (const node of found) for (const other of next(node)) found.add(other)
  return [...found]
}

function orRefused<R> (wait: Wait, answer: Promise<R>): Promise<R> {
  return new Promise((resolve, reject) => {
    wait.refuse = () => { reject(reentrant(wait.fill.key)) }
    answer.then(resolve, reject)
  })
}

const reentrant = (key: string) =>
  new CacheError('WEIR_CACHE_REENTRANT_FILL', `Key ${JSON.stringify(key)}`)
