/** Errors outside of any request, which would end an application's process. */
export class Crashes {
  /** Number of all errors so far. */
  count = 0
  #errors: string[] = []
  readonly #note = (error: unknown) => {
    this.count++
    this.#errors.push(
      `the process would end: ${error instanceof Error ? error.stack?.split('\n').slice(0, 3).join(' ') : String(error)}`
    )
  }

  constructor () {
    process.on('uncaughtException', this.#note)
    process.on('unhandledRejection', this.#note)
  }

  /** The errors since the last call. */
  take (): readonly string[] {
    const errors = this.#errors
    this.#errors = []
    return errors
  }

  stop (): void {
    process.off('uncaughtException', this.#note)
    process.off('unhandledRejection', this.#note)
  }
}
