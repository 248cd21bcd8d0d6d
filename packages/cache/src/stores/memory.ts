import { BoundedMap, type MemoryLimits } from '../bounded-map.js'
import { added, numberOf, takingOver } from '../counter-frame.js'
import { isNews, stampOf } from '../frame.js'
import { isSeen } from '../frame-version.js'
import { frameBytes } from '../heap.js'
import { isValid, mayReplace } from '../rule-v.js'
import { checkOptions, type Known, MEMORY, STORE } from '../known-options.js'
import type {
  Claim,
  Entries,
  FrameId,
  FrameVersion,
  ScanPage,
  Store,
  StoreNamespace
} from '../store.js'
import { cursorAfter, keyOf } from './key-cursor.js'
import { TagTable } from '../tag-table.js'
import { type Judged, nextStamp, type Stamp, type Validity } from '../validity.js'

/** Options of {@link memoryStore}. */
export interface MemoryStoreOptions extends MemoryLimits {
  /**
   * Maximum number of tag records. Beyond it the oldest are dropped, and the entries they apply to
   * become invalid. Default 100,000.
   */
  readonly maxTags?: number
}

/**
 * Creates a store in this process, for tests and single-process applications.
 * @throws CacheError WEIR_CACHE_INVALID_OPTION, whose message says which value to use
 * @example
 * const cache = createCache({
 *   store: memoryStore({ maxBytes: 32 * 1024 * 1024 }),
 *   namespace: 'pages'
 * })
 */
export function memoryStore (options: MemoryStoreOptions = {}): Store {
  checkOptions('memoryStore', options, KNOWN)
  const { maxTags = 100_000, ...limits } = options
  const namespaces = new Map<string, StoreNamespace>()
  return {
    namespace (name) {
      let namespace = namespaces.get(name)
      if (namespace === undefined) {
        const validity = new MemoryValidity(maxTags)
        namespace = { entries: new MemoryEntries(limits, validity), validity }
        namespaces.set(name, namespace)
      }
      return namespace
    },
    async namespaces () {
      return { names: [...namespaces.keys()].sort(), complete: true }
    },
    async close () {
      namespaces.clear()
    }
  }
}

const KNOWN: Known<MemoryStoreOptions> = { ...MEMORY, ...STORE }

class MemoryValidity implements Validity {
  readonly #tags: TagTable
  #clock: Stamp = 0

  constructor (maxTags: number) {
    this.#tags = new TagTable(0, maxTags)
  }

  tick (): Stamp {
    this.#clock = nextStamp(this.#clock)
    return this.#clock
  }

  async stamp () {
    return this.tick()
  }

  async callStamp () {
    return this.tick()
  }

  async invalidate (tags: readonly string[]) {
    const stamp = this.tick()
    for (const tag of tags) this.#tags.record(tag, stamp)
    return stamp
  }

  async replace (entry: Judged, until: number) {
    if (!mayReplace(entry, until, this.#tags)) return undefined
    this.#tags.replace(entry.key, this.tick(), until)
    return this.tick()
  }

  async stampIfValid (entry: Judged) {
    return isValid(entry, this.#tags) ? this.tick() : undefined
  }

  async replaced (key: string, stamp: Stamp, until: number) {
    this.#tags.replace(key, stamp, until)
  }

  async clear () {
    const stamp = this.tick()
    this.#tags.raise(stamp)
    return stamp
  }

  isValid (entry: Judged) {
    return isValid(entry, this.#tags)
  }

  async waitForLeases () {}
}

interface KeptFrame {
  readonly stamp: Stamp
  readonly frame: Buffer
  readonly bytes: number
  readonly goneAt: number
}

class MemoryEntries implements Entries {
  readonly #frames: BoundedMap<KeptFrame>

  constructor (limits: MemoryLimits, readonly validity: MemoryValidity) {
    this.#frames = new BoundedMap(limits)
  }

  async get (keys: readonly string[]) {
    return keys.map((key) => this.#present(key)?.frame)
  }

  async set (key: string, frame: Buffer, ttl: number) {
    this.#frames.set(key, {
      stamp: stampOf(frame),
      frame,
      bytes: frameBytes(frame.length),
      goneAt: Date.now() + ttl
    })
  }

  async delete (key: string, upTo: Stamp = Infinity) {
    this.#frames.delete(key, upTo)
  }

  async swap (key: string, seen: FrameVersion | undefined, frame: Buffer | undefined, ttl: number) {
    const present = this.#present(key)
    if (!isSeen(present?.frame, seen)) return undefined
    const number = present && numberOf(present.frame)
    this.#frames.delete(key, Infinity)
    if (frame !== undefined) await this.set(key, takingOver(frame, seen, number), ttl)
    return { number }
  }

  async increment (key: string, seen: FrameVersion, by: number) {
    const present = this.#present(key)
    const sum = present && isSeen(present.frame, seen) ? added(present.frame, by) : undefined
    if (present === undefined || sum === undefined) return undefined
    if (sum.frame !== undefined) this.#frames.set(key, { ...present, frame: sum.frame })
    return sum.number
  }

  /**
   * No lease is needed: there are no other processes, and the cache coalesces fills within this
   * one.
   */
  async claim (key: string, seen?: FrameId): Promise<Claim> {
    const present = this.#present(key)
    if (present !== undefined && isNews(present.frame, seen)) {
      return { kind: 'found', frame: present.frame }
    }
    const stamp = this.validity.tick()
    return {
      kind: 'granted',
      lease: { stamp, store: (frame, ttl) => this.set(key, frame, ttl), end () {} }
    }
  }

  async scan (cursor: string | undefined, limit: number): Promise<ScanPage> {
    const after = keyOf(cursor)
    const keys = [...this.#frames.keys()].filter((key) => after === undefined || key > after)
    const page = keys.sort().slice(0, limit)
    const frames = page.flatMap((key) => {
      const kept = this.#frames.peek(key)
      return kept === undefined || kept.goneAt <= Date.now() ? [] : [{ key, head: kept.frame }]
    })
    return { frames, cursor: keys.length > page.length ? cursorAfter(page.at(-1)) : undefined }
  }

  #present (key: string): KeptFrame | undefined {
    const kept = this.#frames.get(key)
    if (kept === undefined || kept.goneAt > Date.now()) return kept
    this.#frames.delete(key, Infinity)
    return undefined
  }
}
