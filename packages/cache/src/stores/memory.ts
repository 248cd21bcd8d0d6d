import { BoundedMap, type MemoryLimits } from '../bounded-map.js'
import { isNews } from '../frame.js'
import { frameBytes } from '../heap.js'
import { type Claim, nextStamp, type Seen, type Stamp, type Store, type StoreNamespace } from '../store.js'
import { TagTable } from '../tag-table.js'

/** Options of {@link memoryStore}. */
export interface MemoryStoreOptions extends MemoryLimits {
  /** Tag records kept; beyond it the oldest go and what they judged becomes invalid. Default 100,000. */
  readonly maxTags?: number
}

/**
 * A store in this process: for tests, and for applications of one process.
 * @example const cache = createCache({ store: memoryStore({ maxBytes: 32 * 1024 * 1024 }), namespace: 'pages' })
 */
export function memoryStore (options: MemoryStoreOptions = {}): Store {
  const namespaces = new Map<string, MemoryNamespace>()
  return {
    kind: 'memory',
    capabilities: { shared: false, persistent: false, judgesLocally: true },
    namespace (name) {
      let namespace = namespaces.get(name)
      if (namespace === undefined) namespaces.set(name, namespace = new MemoryNamespace(options))
      return namespace
    },
    async close () {
      namespaces.clear()
    }
  }
}

interface Kept {
  readonly stamp: Stamp
  readonly frame: Buffer
  readonly bytes: number
  readonly goneAt: number
}

class MemoryNamespace implements StoreNamespace {
  readonly #entries: BoundedMap<Kept>
  readonly #tags: TagTable
  #clock: Stamp = 0

  constructor ({ maxTags = 100_000, ...limits }: MemoryStoreOptions) {
    this.#entries = new BoundedMap(limits)
    this.#tags = new TagTable(0, maxTags)
  }

  async get (keys: readonly string[]) {
    return keys.map((key) => this.#present(key)?.frame)
  }

  async set (key: string, stamp: Stamp, frame: Buffer, ttl: number) {
    this.#entries.set(key, { stamp, frame, bytes: frameBytes(frame.length), goneAt: Date.now() + ttl })
  }

  async delete (key: string) {
    this.#entries.delete(key, Infinity)
  }

  /** There are no other processes, and within this one the cache sees to it. */
  async claim (key: string, seen?: Seen): Promise<Claim> {
    const present = this.#present(key)
    if (present !== undefined && isNews(present.frame, seen)) return { kind: 'found', frame: present.frame }
    const stamp = this.#next()
    return { kind: 'granted', lease: { stamp, store: (frame, ttl) => this.set(key, stamp, frame, ttl), end () {} } }
  }

  async supersede (tag: string, tags: readonly string[], stamp: Stamp) {
    if (stamp <= this.#tags.barrier(tags)) return undefined
    this.#tags.record(tag, this.#next())
    return this.#next()
  }

  async settled () {}

  async stamp () {
    return this.#next()
  }

  async invalidate (tags: readonly string[]) {
    const stamp = this.#next()
    for (const tag of tags) this.#tags.record(tag, stamp)
    return stamp
  }

  async clear () {
    const stamp = this.#next()
    this.#tags.raise(stamp)
    this.#entries.clear()
    return stamp
  }

  async barrier (tags: readonly string[]) {
    return this.#tags.barrier(tags)
  }

  readonly knownSince = 0

  judge (stamp: Stamp, tags: readonly string[]) {
    return stamp > this.#tags.barrier(tags)
  }

  #present (key: string): Kept | undefined {
    const entry = this.#entries.get(key)
    if (entry === undefined || entry.goneAt > Date.now()) return entry
    this.#entries.delete(key, Infinity)
    return undefined
  }

  #next (): Stamp {
    this.#clock = nextStamp(this.#clock)
    return this.#clock
  }
}
