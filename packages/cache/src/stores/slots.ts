/**
 * Lets at most so many tasks run at a time; the others wait, and begin in their order.
 *
 * A task's time should begin with the task. Hundreds of commands sent at once wait for each other,
 * and that must not be taken for a server that does not answer.
 * @example
 * const slots = new Slots(4)
 * const rows = await slots.run(() => pool.query('SELECT 1'))
 */
export class Slots {
  #free: number
  #arriving: Waiting[] = []
  /** Calls that arrived before, the last one first. */
  #leaving: Waiting[] = []

  /** @param count at least 1 */
  constructor (count: number) {
    this.#free = count
  }

  /** @throws what `refuse` was given, if the task had not begun; what the task throws */
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
      // The next one takes the slot over: no later call gets in between.
      const next = this.#next()
      if (next === undefined) this.#free++
      else next.begin()
    }
  }

  /** Rejects all that wait. Tasks that run go on, and later ones may begin. */
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
