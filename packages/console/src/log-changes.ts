import { reasonOf } from '@weir/internal'
import { type FastifyBaseLogger } from 'fastify'

/**
 * Logs when something begins to fail and when it works again: a line each, however often it is
 * tried in between.
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
