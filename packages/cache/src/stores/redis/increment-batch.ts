// Counters that one command changes at most: others wait while it runs.
const AT_ONCE = 64

/** A change of one counter. */
export interface Increment {
  readonly key: string
  readonly version: Buffer
  readonly by: number
}

interface Caller {
  readonly increment: Increment
  readonly resolve: (sum: number | undefined) => void
  readonly reject: (error: unknown) => void
}

/**
 * Joins increments into one command, as `ReadBatch` joins reads: while one is under way those of a turn of the event loop, and
 * otherwise those of one callback and its promise jobs. Redis carries them out in the order in which they were asked for.
 */
export class IncrementBatch {
  #callers: Caller[] = []
  #isScheduled = false
  #underWay = 0

  /**
   * @param ask resolves to the sums of increments
   * @param isTogether whether counters may be changed by one command; if not, only changes of the same one are
   */
  constructor (
    readonly ask: (increments: readonly Increment[]) => Promise<readonly (number | undefined)[]>,
    readonly isTogether: boolean
  ) {}

  add (increment: Increment): Promise<number | undefined> {
    if (!this.#isScheduled) {
      this.#isScheduled = true
      if (this.#underWay === 0) process.nextTick(this.#send)
      else setImmediate(this.#send)
    }
    return new Promise((resolve, reject) => { this.#callers.push({ increment, resolve, reject }) })
  }

  readonly #send = (): void => {
    const callers = this.#callers
    this.#callers = []
    this.#isScheduled = false
    for (const group of this.isTogether ? [callers] : byKey(callers)) {
      for (let from = 0; from < group.length; from += AT_ONCE) this.#sendPart(group.slice(from, from + AT_ONCE))
    }
  }

  #sendPart (callers: readonly Caller[]): void {
    this.#underWay++
    this.ask(callers.map(({ increment }) => increment)).then((sums) => {
      this.#underWay--
      callers.forEach(({ resolve }, i) => { resolve(sums[i]) })
    }, (error: unknown) => {
      this.#underWay--
      for (const { reject } of callers) reject(error)
    })
  }
}

function byKey (callers: readonly Caller[]): Iterable<Caller[]> {
  const groups = new Map<string, Caller[]>()
  for (const caller of callers) {
    const group = groups.get(caller.increment.key)
    if (group === undefined) groups.set(caller.increment.key, [caller])
    else group.push(caller)
  }
  return groups.values()
}
