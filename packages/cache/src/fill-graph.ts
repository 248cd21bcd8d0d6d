import { AsyncLocalStorage } from 'node:async_hooks'
import { CacheError } from './errors.js'
import { followWaits, WaitAnnouncer } from './remote-waits.js'
import type { Entries, FillId, FillLease } from './store.js'

const current = new AsyncLocalStorage<FillNode>()

/**
 * The fills whose function may still run. While a storage is in use, Node 20 makes each `await` of
 * the process cost three times as much: without such a fill the storage is off.
 */
const running = new Set<FillNode>()

/** A wait of one fill for another. */
interface Wait {
  readonly waiter: FillNode
  readonly fill: FillNode
  /** Ends the wait with an error; no effect on one that cannot be refused at present. */
  refuse: () => void
}

/** A fill of another instance that is waited for. */
interface Remote {
  readonly id: FillId
  isOver: boolean
}

/**
 * A fill under way in this process, and the fills it waits for: those that its function asks for.
 * Fills that wait for each other would never end, so the wait that closes the cycle is refused.
 *
 * A cycle may lead through other instances. A fill that waits for one of theirs says so in the
 * store, beside its own lease, and then follows what the others have said: the last to say so finds
 * the cycle. Two that do so at the same moment may both find it. This costs only those fills
 * anything that wait, within a fill, for another instance.
 */
export class FillNode {
  /** The lease under which it computes. */
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
   * @param entries identify the namespace whose key it is
   * @param parent the fill that asked for it, and waits
   */
  constructor (
    readonly entries: Entries,
    readonly key: string,
    readonly parent: FillNode | undefined
  ) {
    if (parent !== undefined) this.#wait = FillNode.#begin(parent, this)
  }

  /** Runs `fn` as the function of this fill: what it asks for is known to be part of it. */
  run<R>(fn: () => R): R {
    if (this.#isOpen) running.add(this)
    return current.run(this, fn)
  }

  /** The function has given its value. Whatever it still asks for, the value does not wait for. */
  ran (): void {
    this.#hasRun = true
    if (running.delete(this) && running.size === 0) current.disable()
  }

  /** Nothing waits for this fill any more, nor does it for others. */
  end (hasFailed = false): void {
    this.#isOpen = false
    this.#hasFailed ||= hasFailed
    if (this.#wait !== undefined) FillNode.#end(this.#wait)
    this.ran()
  }

  /**
   * Waits for this fill's answer; the fill that the caller is part of waits for it, too.
   * @throws CacheError WEIR_CACHE_REENTRANT_FILL if this fill is or waits for that one
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
   * Waits for a fill of this key by another instance; those that wait for this fill do, too.
   * @param id undefined if the store cannot tell such fills apart: a cycle then is not noticed
   * @throws CacheError WEIR_CACHE_REENTRANT_FILL if that fill waits for one that the caller is part
   *   of
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
      // It no longer waits for this fill if its time is over.
      if (this.#wait !== undefined) this.#wait.waiter.#announceChange().catch(() => {})
    }
  }

  /**
   * Checks that the caller, which is about to ask for this key, is not part of a fill of it
   * already; nor of one that has failed while the caller, begun before, goes on: such fills could
   * begin each other for ever.
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
   * The innermost fill that the caller is part of. Code that a fill has left behind when it gave
   * its value is part of none.
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

  /** This fill and all that it waits for, through others. */
  #awaited (): FillNode[] {
    return closure(this, (node) => Array.from(node.#waits, ({ fill }) => fill))
  }

  /** Out of this fill and all that wait for it, through others, those with a lease. */
  #holders (): FillNode[] {
    const waiting = closure(this, (node) =>
      Array.from(node.#waiters, ({ waiter }) => waiter).filter((waiter) => waiter.#isOpen)
    )
    return waiting.filter(({ lease }) => lease?.id !== undefined)
  }

  /** Says in the store which fills of other instances this one waits for. */
  async #announce (): Promise<void> {
    if (this.lease === undefined) return
    this.#announcer ??= new WaitAnnouncer(this.lease, () =>
      this.#awaited().flatMap((node) => node.#remote?.id ?? [])
    )
    await this.#announcer.announce()
  }

  /** Says it again, for this fill and all that wait for it, where it has been said before. */
  async #announceChange (): Promise<void> {
    await Promise.all(this.#holders().flatMap((node) => node.#announcer?.announce() ?? []))
  }

  /**
   * Refuses those of the waits that the fill of another instance, which this one waits for, waits
   * for itself.
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
      // Once refused, a function may go on without the value: the others must not take it for one
      // that waits.
      await wait.waiter.#announceChange()
      wait.refuse()
    }
  }
}

function closure (from: FillNode, next: (node: FillNode) => FillNode[]): FillNode[] {
  const found = new Set([from])
  // A set is walked to what is added meanwhile.
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
