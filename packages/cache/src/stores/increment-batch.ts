import type { FrameVersion } from '../store.js'

// Maximum number of counters changed by one command: other commands wait while it runs.
const AT_ONCE = 64

/** A change of one counter. */
export interface Increment {
  /** The entry's key. */
  readonly key: string
  readonly seen: FrameVersion
  readonly by: number
}

/**
 * Joined changes of one counter in one direction: each change's own sum follows from the final sum.
 */
interface Joined {
  readonly key: string
  readonly seen: FrameVersion
  by: number
  readonly callers: Caller[]
}

interface Caller {
  readonly by: number
  readonly resolve: (sum: number | undefined) => void
  readonly reject: (error: unknown) => void
}

/**
 * Joins increments into one command, as `ReadBatch` joins reads.
 *
 * While a command is in flight, it joins those of a turn of the event loop; otherwise, those of one
 * callback and its promise jobs.
 */
export class IncrementBatch {
  #joined = new Map<string, Joined>()
  /** Joined increments that a later one of the same counter could not join. */
  #full: Joined[] = []
  #isScheduled = false
  #underWay = 0

  /**
   * @param ask resolves to the sums of the increments
   * @param isTogether whether one command may change several counters
   */
  constructor (
    readonly ask: (increments: readonly Increment[]) => Promise<readonly (number | undefined)[]>,
    readonly isTogether: boolean
  ) {}

  add (key: string, seen: FrameVersion, by: number): Promise<number | undefined> {
    return new Promise((resolve, reject) => {
      this.#add({ key, seen, by }, { by, resolve, reject })
    })
  }

  #add ({ key, seen, by }: Increment, caller: Caller): void {
    const open = this.#joined.get(key)
    if (open !== undefined && canJoin(open, seen, by)) {
      open.by += by
      open.callers.push(caller)
      return
    }
    if (open !== undefined) this.#full.push(open)
    this.#joined.set(key, { key, seen, by, callers: [caller] })
    if (this.#isScheduled) return
    this.#isScheduled = true
    if (this.#underWay === 0) process.nextTick(this.#send)
    else setImmediate(this.#send)
  }

  readonly #send = (): void => {
    const all = [...this.#full, ...this.#joined.values()]
    this.#full = []
    this.#joined.clear()
    this.#isScheduled = false
    const atOnce = this.isTogether ? AT_ONCE : 1
    for (let from = 0; from < all.length; from += atOnce) {
      this.#sendPart(all.slice(from, from + atOnce))
    }
  }

  #sendPart (part: readonly Joined[]): void {
    this.#underWay++
    this.ask(part).then((sums) => {
      this.#underWay--
      part.forEach((joined, i) => { this.#answer(joined, sums[i]) })
    }, (error: unknown) => {
      this.#underWay--
      for (const { callers } of part) for (const { reject } of callers) reject(error)
    })
  }

  /** If the last sum is a safe integer, so are all sums in the same direction. */
  #answer ({ key, seen, by, callers }: Joined, sum: number | undefined): void {
    if (callers.length > 1 && sum !== undefined && !Number.isSafeInteger(sum)) {
      // Nothing was counted. Individually, some of the increments may succeed.
      for (const caller of callers) this.#alone({ key, seen, by: caller.by }, caller)
      return
    }
    let own = sum === undefined ? undefined : sum - by
    for (const caller of callers) {
      if (own !== undefined) own += caller.by
      caller.resolve(own)
    }
  }

  #alone (increment: Increment, { resolve, reject }: Caller): void {
    this.ask([increment]).then(([sum]) => { resolve(sum) }, reject)
  }
}

const canJoin = (joined: Joined, seen: FrameVersion, by: number): boolean =>
  joined.seen === seen && (joined.by < 0) === (by < 0) && Number.isSafeInteger(joined.by + by)
