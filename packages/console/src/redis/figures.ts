import { type FastifyBaseLogger } from 'fastify'
import { within } from '@weir/internal'
import { LogChanges } from '../log-changes.js'
import { noAnswer } from '../no-answer.js'
import { parseInfo, type RedisInfo } from './info.js'

/** The methods used of a client: those of ioredis' `Redis` and of the nodes of its `Cluster`. */
export interface InfoClient {
  info (): Promise<string>
}

export interface RedisFiguresOptions {
  /** Returns Redis, or the current masters of a cluster. */
  readonly nodes: () => readonly InfoClient[]
  readonly log: FastifyBaseLogger
  /** Timeout of Redis, in ms. Default 2 s. */
  readonly timeout?: number
}

/** The figures that Redis reports, as of the last refresh. */
export class RedisFigures {
  readonly #options: RedisFiguresOptions
  readonly #log: LogChanges
  #current: RedisInfo | undefined
  #asking = false
  #isConnected: boolean | undefined

  constructor (options: RedisFiguresOptions) {
    this.#options = options
    this.#log = new LogChanges(options.log, {
      failed: 'Redis does not report its statistics',
      back: 'Redis reports its statistics again'
    })
  }

  /** The latest figures; undefined if Redis did not respond. */
  get current (): RedisInfo | undefined { return this.#current }

  /** Whether Redis responded to the last refresh; undefined before the first. */
  get isConnected (): boolean | undefined { return this.#isConnected }

  /** Queries Redis, unless a query is still pending. */
  async refresh (): Promise<void> {
    if (this.#asking) return
    this.#asking = true
    const { nodes, timeout = 2000 } = this.#options
    try {
      const told = Promise.all(nodes().map((node) => node.info()))
      const answers = await within(timeout, told, noAnswer('Redis', timeout))
      this.#current = answers.length > 0 ? parseInfo(answers) : undefined
      this.#isConnected = true
      this.#log.worked()
    } catch (error) {
      this.#current = undefined
      this.#isConnected = false
      this.#log.failed(error)
    } finally {
      this.#asking = false
    }
  }
}
