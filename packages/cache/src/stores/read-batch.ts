// Values that one command reads at most: its reply should not keep others waiting for long.
const AT_ONCE = 64

interface Reader {
  readonly key: string
  readonly resolve: (value: Buffer | undefined) => void
  readonly reject: (error: unknown) => void
}

/**
 * Joins reads into one command: while one is under way those of a turn of the event loop, and
 * otherwise those of one callback and its promise jobs, which then need not wait. A read that is
 * asked for after the command has left is part of the next: no answer is older than its question.
 */
export class ReadBatch {
  #readers: Reader[] = []
  #isScheduled = false
  #underWay = 0

  /**
   * @param read reads one key
   * @param readAll reads several
   */
  constructor (
    readonly read: (key: string) => Promise<Buffer | undefined>,
    readonly readAll: (keys: readonly string[]) => Promise<readonly (Buffer | undefined)[]>
  ) {}

  add (key: string): Promise<Buffer | undefined> {
    if (!this.#isScheduled) {
      this.#isScheduled = true
      // Either comes after the promise jobs: readers whose read just came back are still to ask.
      if (this.#underWay === 0) process.nextTick(this.#send)
      else setImmediate(this.#send)
    }
    return new Promise((resolve, reject) => { this.#readers.push({ key, resolve, reject }) })
  }

  readonly #send = (): void => {
    const readers = this.#readers
    this.#readers = []
    this.#isScheduled = false
    for (let from = 0; from < readers.length; from += AT_ONCE) {
      this.#sendPart(readers.slice(from, from + AT_ONCE))
    }
  }

  #sendPart (readers: readonly Reader[]): void {
    const failed = (error: unknown) => {
      this.#underWay--
      for (const { reject } of readers) reject(error)
    }
    const [first] = readers
    this.#underWay++
    if (first !== undefined && readers.length === 1) {
      this.read(first.key).then((value) => {
        this.#underWay--
        first.resolve(value)
      }, failed)
      return
    }
    this.readAll(readers.map(({ key }) => key)).then((values) => {
      this.#underWay--
      readers.forEach(({ resolve }, i) => { resolve(values[i]) })
    }, failed)
  }
}
