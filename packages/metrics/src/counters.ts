import { Denials } from './denials.js'
import { NameCounts, OTHERS } from './name-counts.js'
import { addedTo, readsOf } from './cache-counts.js'
import { type CacheCounts, type MinuteRecord } from './record.js'
import { RouteCounter, type RouteTotals } from './route-counter.js'

const MOST_ROUTES = 500
const MOST_INSTANCES = 200

/** The counts at some moment. */
export interface Totals {
  readonly routes: ReadonlyMap<RouteCounter, RouteTotals>
  readonly filledBy: ReadonlyMap<string, number>
  readonly caches: readonly CacheCounts[]
}

/** All counts of a process since it started. */
export class Counters {
  readonly #routes = new Map<string, RouteCounter>()
  /** Hits by the instance that filled the entry. */
  readonly filledBy = new NameCounts(MOST_INSTANCES)
  readonly #denials = new Denials()

  /** @param caches returns the application's caches with their counts since they were created */
  constructor (readonly caches: () => readonly CacheCounts[] = () => []) {}

  /**
   * Returns the counter of a route, such as `GET /api/products/:id`. Beyond a limit, further routes
   * share `others`.
   */
  route (name: string): RouteCounter {
    const counter = this.#routes.get(name)
    if (counter !== undefined) return counter
    if (this.#routes.size >= MOST_ROUTES && name !== OTHERS) return this.route(OTHERS)
    const created = new RouteCounter(name)
    this.#routes.set(name, created)
    return created
  }

  get routes (): Iterable<RouteCounter> {
    return this.#routes.values()
  }

  /** Counts a request denied by a policy. The request itself is counted separately. */
  deny (counter: RouteCounter, policy: string, client: string): void {
    counter.limited.add(policy)
    this.#denials.add(counter.route, policy, client)
  }

  /** Number of requests and cache reads so far: unchanged as long as nothing is counted. */
  get count (): number {
    let count = readsOf(this.caches())
    for (const counter of this.#routes.values()) count += counter.count
    return count
  }

  /**
   * Takes the current totals, for use with `since`.
   *
   * Denials, which are counted per client, start over: keeping all clients ever seen would be
   * unbounded. The first call does not ask caches, because applications may create them later.
   * @param earlier the result of the previous `begin`: counts that have not changed since are not
   *   copied
   */
  begin (earlier?: Totals): Totals {
    this.#denials.clear()
    return {
      routes: new Map(
        [...this.#routes.values()].map((counter) => [
          counter,
          counter.totals(earlier?.routes.get(counter))
        ])
      ),
      filledBy: this.filledBy.copy(),
      caches: earlier === undefined ? [] : this.caches()
    }
  }

  since (earlier: Totals): Pick<MinuteRecord, 'routes' | 'filledBy' | 'denials' | 'caches'> {
    const caches = addedTo(earlier.caches, this.caches())
    return {
      routes: [...this.#routes.values()].flatMap(
        (counter) => counter.since(earlier.routes.get(counter)) ?? []
      ),
      filledBy: this.filledBy.since(earlier.filledBy),
      denials: this.#denials.list(),
      ...(caches.length > 0 && { caches })
    }
  }
}
