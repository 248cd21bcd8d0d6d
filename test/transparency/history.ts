import type { Random } from '../coherence/random.js'
import { type Condition, type Exchange, textOf } from './exchange.js'

// Number of exchanges stored per path.
const KEPT = 12

/** Earlier requests and responses, by path. */
export class History {
  readonly #byPath = new Map<string, Exchange[]>()

  add (exchange: Exchange): void {
    const name = nameOf(exchange.intent.path)
    const list = this.#byPath.get(name) ?? []
    list.push(exchange)
    if (list.length > KEPT) list.shift()
    this.#byPath.set(name, list)
  }

  /** The last exchanges of a path with any query, including writes to it but no other paths. */
  of (path: string): readonly Exchange[] {
    return this.#byPath.get(nameOf(path)) ?? []
  }

  /**
   * A validator that a client may have from an earlier response to a GET for the same URL;
   * sometimes a tag of another user's.
   */
  conditionFor (random: Random, path: string, user: string): Condition | undefined {
    const sameUrl = this.of(path).filter(
      ({ intent, weir }) => intent.path === path && intent.method === 'GET' && weir.status === 200
    )
    if (sameUrl.length === 0) return undefined
    const from = random.pick(sameUrl)
    if (textOf(from.weir.headers, 'etag') !== undefined && random.chance(0.7)) {
      return { field: 'if-none-match', from }
    }
    return from.intent.user === user ? { field: 'if-modified-since', from } : undefined
  }
}

const nameOf = (path: string) => path.replace(/[?#].*$/, '')
