import { Breaker, isReplyError } from '@weir/internal'
import { CacheError } from '../../errors.js'

/** Refuses commands for a node that does not answer; those for others go on. */
export class NodeBreaker {
  readonly #breaker: Breaker
  /** The key of the last command that was not answered. */
  #suspect = ''

  /** @param probe asks the node of a key for something cheap */
  constructor (probe: (key: string) => Promise<unknown>) {
    this.#breaker = new Breaker({
      probe: () => probe(this.#suspect),
      refusal: () => new CacheError('WEIR_CACHE_STORE_UNAVAILABLE', 'The store'),
      isAnswer: isReplyError
    })
  }

  /** @throws CacheError WEIR_CACHE_STORE_UNAVAILABLE; what the command throws */
  run<R> (key: string, command: () => Promise<R>): Promise<R> {
    return this.#breaker.run(async () => {
      try {
        return await command()
      } catch (error) {
        if (!isReplyError(error)) this.#suspect = key
        throw error
      }
    })
  }

  /** Ends the probing of a node that does not answer. */
  stop (): void {
    this.#breaker.stop()
  }
}
