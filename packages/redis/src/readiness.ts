import { RedisError } from './errors.js'
import type { Driver } from './driver.js'

/**
 * Determines when commands may be sent.
 *
 * A client that queues commands until it is connected would keep them forever and then send them
 * all, so it gets none before. It also gets none before it has selected its database: if that does
 * not exist, ioredis silently continues in database 0.
 */
export class Readiness {
  readonly #driver: Driver
  readonly #stop: () => void
  #waiting: Promise<void> | undefined
  #tell: (() => void) | undefined
  #isClosed = false
  /** Undefined until the first request, and again after the connection was lost. */
  #inDatabase: Promise<void> | undefined
  #isInDatabase = false

  constructor (driver: Driver) {
    this.#driver = driver
    this.#stop = driver.onChange(() => { this.#changed() })
  }

  /**
   * Resolves when commands may be sent; returns `undefined` if they may be sent at once. Limit the
   * wait: it may never end.
   */
  wait (): Promise<void> | undefined {
    const { state, database } = this.#driver
    // The client itself reports the reason.
    if (state === 'refusing') return undefined
    if (state === 'ready') {
      return database === 0 || this.#isInDatabase ? undefined : this.#select(database)
    }
    if (this.#isClosed) {
      return Promise.reject(new RedisError('WEIR_REDIS_NOT_CONNECTED', 'the store is closed'))
    }
    this.#driver.wake()
    this.#waiting ??= new Promise((resolve) => { this.#tell = resolve })
    return this.#waiting.then(() => this.wait())
  }

  close (): void {
    this.#isClosed = true
    this.#stop()
    this.#tell?.()
  }

  #changed (): void {
    if (this.#driver.state !== 'ready') {
      this.#inDatabase = undefined
      this.#isInDatabase = false
    }
    if (this.#driver.state === 'waiting') return
    this.#tell?.()
    this.#tell = this.#waiting = undefined
  }

  #select (database: number): Promise<void> {
    const selected = this.#inDatabase ?? this.#driver.select(database).then(
      () => { if (selected === this.#inDatabase) this.#isInDatabase = true },
      (error: unknown) => {
        if (selected === this.#inDatabase) this.#inDatabase = undefined
        throw new RedisError('WEIR_REDIS_DATABASE', `${database} cannot be used`, { cause: error })
      })
    this.#inDatabase = selected
    return selected
  }
}
