/**
 * Limits the number of concurrent tasks; the others wait and start in order.
 *
 * A task's time should start with the task. Hundreds of commands sent at once wait for each other,
 * which must not be mistaken for a server that does not answer.
 * @example
 * const slots = new Slots(4)
 * const rows = await slots.run(() => pool.query('SELECT 1'))
 */
export class Slots {
  #free: number
  #arriving: Waiting[] = []
  /** Earlier calls that are next to run, the last one first. */
  #leaving: Waiting[] = []

  /** @param count at least 1 */
  constructor (count: number) {
    this.#free = count
  }

  /** @throws the error passed to `refuse`, if the task had not begun; the task's own error */
  async run<R> (task: () => Promise<R>): Promise<R> {
    if (this.#free > 0) this.#free--
    else {
      await new Promise<void>((resolve, reject) => {
        this.#arriving.push({ begin: resolve, refuse: reject })
      })
    }
    try {
      return await task()
    } finally {
      // The next task takes over the slot, so that no later call gets in between.
      const next = this.#next()
      if (next === undefined) this.#free++
      else next.begin()
    }
  }

  /** Rejects all waiting tasks. Running tasks continue, and later ones may begin. */
  refuse (error: Error): void {
    const all = [...this.#leaving.reverse(), ...this.#arriving]
    this.#leaving = []
    this.#arriving = []
    for (const { refuse } of all) refuse(error)
  }

  #next (): Waiting | undefined {
    if (this.#leaving.length === 0) {
      this.#leaving = this.#arriving.reverse()
      this.#arriving = []
    }
    return this.#leaving.pop()
  }
}

interface Waiting {
  readonly begin: () => void
  readonly refuse: (error: Error) => void
}
