import { RedisError } from './errors.js'
import type { Driver } from './driver.js'

/**
 * Whether commands may be sent. A client that keeps commands until it is connected would keep them
 * for ever, and then send them all: none is given to it before. Nor before it is in its database:
 * ioredis goes on in database 0 if there is no such, as if nothing was.
 */
export class Readiness {
  readonly #driver: Driver
  readonly #stop: () => void
  #waiting: Promise<void> | undefined
  #tell: (() => void) | undefined
  #isClosed = false
  /** Undefined until it is asked, and again after the connection was lost. */
  #inDatabase: Promise<void> | undefined
  #isInDatabase = false

  constructor (driver: Driver) {
    this.#driver = driver
    this.#stop = driver.onChange(() => { this.#changed() })
  }

  /**
   * Resolves when commands may be sent; `undefined` if they may at once. Bound it: it may take for
   * ever.
   */
  wait (): Promise<void> | undefined {
    const { state, database } = this.#driver
    // The client says itself why not.
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
