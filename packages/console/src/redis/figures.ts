import { type FastifyBaseLogger } from 'fastify'
import { within } from '@weir/internal'
import { LogChanges } from '../log-changes.js'
import { noAnswer } from '../no-answer.js'
import { parseInfo, type RedisInfo } from './info.js'

/** The part of a client that is used: ioredis' `Redis` has it, and the nodes of its `Cluster`. */
export interface InfoClient {
  info (): Promise<string>
}

export interface RedisFiguresOptions {
  /** Redis, or the masters of a cluster as they are now. */
  readonly nodes: () => readonly InfoClient[]
  readonly log: FastifyBaseLogger
  /** Longest time that Redis may take, in ms. Default 2 s. */
  readonly timeout?: number
}

/** Redis' own figures, as of the last time it was asked. */
export class RedisFigures {
  readonly #options: RedisFiguresOptions
  readonly #log: LogChanges
  #current: RedisInfo | undefined
  #asking = false
  #isConnected: boolean | undefined

  constructor (options: RedisFiguresOptions) {
    this.#options = options
    this.#log = new LogChanges(options.log, {
      failed: 'Redis does not tell its figures',
      back: 'Redis tells its figures again'
    })
  }

  /** Undefined if Redis did not answer. */
  get current (): RedisInfo | undefined { return this.#current }

  /** Whether Redis answered when it was asked last; undefined before that. */
  get isConnected (): boolean | undefined { return this.#isConnected }

  /** Asks Redis, unless it has been asked and not answered yet. */
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
