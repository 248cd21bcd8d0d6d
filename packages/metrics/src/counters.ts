import { Denials } from './denials.js'
import { NameCounts, OTHERS } from './name-counts.js'
import { addedTo, readsOf } from './cache-counts.js'
import { type CacheCounts, type MinuteRecord } from './record.js'
import { RouteCounter, type RouteTotals } from './route-counter.js'

const MOST_ROUTES = 500
const MOST_INSTANCES = 200

/** What had been counted at some moment. */
export interface Totals {
  readonly routes: ReadonlyMap<RouteCounter, RouteTotals>
  readonly filledBy: ReadonlyMap<string, number>
  readonly caches: readonly CacheCounts[]
}

/** All that a process counts, since it began. */
export class Counters {
  readonly #routes = new Map<string, RouteCounter>()
  /** Hits, by the instance whose fill they were answered with. */
  readonly filledBy = new NameCounts(MOST_INSTANCES)
  readonly #denials = new Denials()

  /** @param caches the application's caches, with what they have counted since they were made */
  constructor (readonly caches: () => readonly CacheCounts[] = () => []) {}

  /**
   * The counter of the route with this name, such as `GET /api/products/:id`. Past a bound all
   * routes are one, `others`.
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

  /** A request that a policy denied. It is counted as a request besides. */
  deny (counter: RouteCounter, policy: string, client: string): void {
    counter.limited.add(policy)
    this.#denials.add(counter.route, policy, client)
  }

  /** Requests, and reads of caches, so far: unchanged as long as nothing is counted. */
  get count (): number {
    let count = readsOf(this.caches())
    for (const counter of this.#routes.values()) count += counter.count
    return count
  }

  /**
   * Takes the totals of now, for `since`. Denials, which are by client, begin anew: to keep all
   * clients there ever were has no bound. The first time caches are not asked: those of an
   * application may be made later than this.
   * @param earlier what `begin` returned before: of what was not counted since, nothing is copied
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
