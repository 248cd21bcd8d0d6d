import { setImmediate } from 'node:timers/promises'
import type { LimitStore } from '../src/index.js'

/** A store that counts requests, and fails or waits when the test says so. */
export class SteeredStore implements LimitStore {
  readonly kind = 'steered'
  takes = 0
  peeks = 0
  resets = 0
  probes = 0
  /** Awaited before the store is asked. */
  before: () => Promise<void> = async () => {}
  /** Awaited before the answer is returned. */
  after: () => Promise<void> = async () => {}

  #onProbed = () => {}

  constructor (readonly store: LimitStore) {}

  get asked () {
    return this.takes + this.peeks + this.resets
  }

  fail () {
    this.before = async () => { throw new Error('no answer') }
  }

  recover () {
    this.before = async () => {}
  }

  take (...args: Parameters<LimitStore['take']>) {
    this.takes++
    return this.#steered(() => this.store.take(...args))
  }

  peek (...args: Parameters<LimitStore['peek']>) {
    this.peeks++
    return this.#steered(() => this.store.peek(...args))
  }

  reset (key: string) {
    this.resets++
    return this.#steered(() => this.store.reset(key))
  }

  async probe () {
    this.probes++
    await this.#steered(() => this.store.peek('', [], 1))
    this.#onProbed()
  }

  /** Resolves when a probe has been answered, and the limiter knows. */
  async recovered (): Promise<void> {
    await new Promise<void>((resolve) => { this.#onProbed = resolve })
    await setImmediate()
  }

  async close () {}

  async #steered<R> (ask: () => R | Promise<R>): Promise<R> {
    await this.before()
    const answer = await ask()
    await this.after()
    return answer
  }
}
