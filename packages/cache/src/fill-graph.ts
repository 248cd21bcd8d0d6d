import { AsyncLocalStorage } from 'node:async_hooks'
import { CacheError } from './errors.js'

const current = new AsyncLocalStorage<FillNode>()

/**
 * A fill under way in this process, and the fills it waits for: those that its function asks for. Two
 * fills that wait for each other would never end, so the second is refused.
 */
export class FillNode {
  readonly #parent: FillNode | undefined
  readonly #waitsFor = new Set<FillNode>()
  #isOpen = true

  /**
   * @param scope identifies the namespace whose key it is
   * @param detached nothing waits for it, whatever it is started by
   */
  constructor (readonly scope: object, readonly key: string, detached = false) {
    this.#parent = detached ? undefined : FillNode.#innermost()
    if (this.#parent !== undefined) this.#parent.#waitsFor.add(this)
  }

  /** Runs `fn` as the function of this fill: what it asks for is known to be part of it. */
  run<R> (fn: () => R): R {
    return current.run(this, fn)
  }

  /** Nothing waits for this fill any more, nor does it for others. */
  end (): void {
    this.#isOpen = false
    if (this.#parent !== undefined) this.#parent.#waitsFor.delete(this)
  }

  /**
   * Waits for this fill's answer; the fill that the caller is part of waits for it, too.
   * @throws CacheError WEIR_CACHE_REENTRANT_FILL if this fill is or waits for that one
   */
  async answer<R> (answer: Promise<R>): Promise<R> {
    const own = FillNode.#innermost()
    if (own === undefined) return answer
    if (this.#reaches(own)) throw reentrant(this.key)
    own.#waitsFor.add(this)
    try {
      return await answer
    } finally {
      own.#waitsFor.delete(this)
    }
  }

  /**
   * Checks that the caller, which is about to ask for this key, is not part of a fill of it already.
   * @throws CacheError WEIR_CACHE_REENTRANT_FILL
   */
  static checkNotWithin (scope: object, key: string): void {
    for (let node = FillNode.#innermost(); node !== undefined; node = node.#openParent) {
      if (node.scope === scope && node.key === key) throw reentrant(key)
    }
  }

  get #openParent (): FillNode | undefined {
    let node = this.#parent
    while (node !== undefined && !node.#isOpen) node = node.#parent
    return node
  }

  /** The innermost fill that the caller is part of. A timer that a fill has left behind is part of none. */
  static #innermost (): FillNode | undefined {
    const node = current.getStore()
    return node === undefined || node.#isOpen ? node : node.#openParent
  }

  #reaches (target: FillNode): boolean {
    const seen = new Set<FillNode>()
    const open: FillNode[] = [this]
    for (let node = open.pop(); node !== undefined; node = open.pop()) {
      if (node === target) return true
      if (seen.has(node)) continue
      seen.add(node)
      open.push(...node.#waitsFor)
    }
    return false
  }
}

const reentrant = (key: string) => new CacheError('WEIR_CACHE_REENTRANT_FILL', `Key ${JSON.stringify(key)}`)
