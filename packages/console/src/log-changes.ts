import { reasonOf } from '@weir/internal'
import { type FastifyBaseLogger } from 'fastify'

/**
 * Logs when an operation starts to fail and when it works again: one line each, regardless of the
 * number of attempts in between.
 */
export class LogChanges {
  readonly #log: FastifyBaseLogger
  readonly #lines: { readonly failed: string, readonly back: string }
  #failing = false

  constructor (log: FastifyBaseLogger, lines: { failed: string, back: string }) {
    this.#log = log
    this.#lines = lines
  }

  failed (error: unknown): void {
    if (!this.#failing) this.#log.warn({ reason: reasonOf(error) }, this.#lines.failed)
    this.#failing = true
  }

  worked (): void {
    if (this.#failing) this.#log.info(this.#lines.back)
    this.#failing = false
  }
}
