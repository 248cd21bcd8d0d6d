// Maximum number of values per command: a long reply would delay other commands.
const AT_ONCE = 64

interface Reader {
  readonly key: string
  readonly resolve: (value: Buffer | undefined) => void
  readonly reject: (error: unknown) => void
}

/**
 * Joins reads into one command.
 *
 * While a command is in flight, it joins the reads of a turn of the event loop; otherwise those of
 * one callback and its promise jobs, which then need not wait. A read requested after the command
 * has been sent belongs to the next one: no answer is older than its request.
 */
export class ReadBatch {
  #readers: Reader[] = []
  #isScheduled = false
  #underWay = 0

  /**
   * @param read reads one key
   * @param readAll reads several keys
   */
  constructor (
    readonly read: (key: string) => Promise<Buffer | undefined>,
    readonly readAll: (keys: readonly string[]) => Promise<readonly (Buffer | undefined)[]>
  ) {}

  add (key: string): Promise<Buffer | undefined> {
    if (!this.#isScheduled) {
      this.#isScheduled = true
      // Both run after the promise jobs: readers whose read has just returned may request more.
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
