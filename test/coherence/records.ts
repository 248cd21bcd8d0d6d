import { MAX_TAGS } from './resources.js'
import type { Teardowns } from './teardowns.js'

const LOOK_EVERY = 200
// A batch may come on top, as well as other stored data.
const BATCH = 200
const OTHERS = 16

/** A store that reports its records. */
interface Recorded {
  /** Number of records, by the name of their owner. */
  recordCounts (): Promise<ReadonlyMap<string, number>>
}

/** Checks that no namespace has more tag records than it may. */
export class RecordWatch {
  /** The highest numbers seen, by name in the store. */
  readonly most = new Map<string, number>()
  #looking = false

  constructor (
    teardowns: Teardowns,
    readonly store: Recorded,
    readonly onProblem: (what: string) => void
  ) {
    const timer = setInterval(() => {
      this.#look().catch(() => {
        this.#looking = false
      })
    }, LOOK_EVERY)
    teardowns.add(() => {
      clearInterval(timer)
    })
  }

  async #look (): Promise<void> {
    if (this.#looking) return
    this.#looking = true
    for (const [key, count] of await this.store.recordCounts()) this.#count(key, count)
    this.#looking = false
  }

  #count (key: string, count: number): void {
    const most = this.most.get(key) ?? 0
    this.most.set(key, Math.max(most, count))
    const limit = MAX_TAGS + BATCH + OTHERS
    if (count > limit && most <= limit) {
      this.onProblem(
        `${key} has ${count} records, of which there may be ${MAX_TAGS} and a batch of ${BATCH}`
      )
    }
  }
}
