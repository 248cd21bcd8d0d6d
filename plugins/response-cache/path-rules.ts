import type { Cache, Fill } from '@weir/cache'
import { formatNoVarySearch, type QueryVariance } from '@weir/http'
import type { FastifyBaseLogger } from 'fastify'
import { type ResponseKey, ruleKey, targetTags } from './key.js'
import { RecentKeys } from '@weir/internal'
import { StoredResponse } from './stored-response.js'

interface Known {
  /** Undefined: the path has none. */
  readonly rule: QueryVariance | undefined
  /** Whether the store had it at this instance's last lookup. */
  readonly isShared: boolean
  /** Time of that lookup, in milliseconds. */
  readonly at: number
}

// Milliseconds between lookups: for this long an instance may miss a rule that another has learned.
const INTERVAL = 1000
// Milliseconds: a day.
const LIFETIME = 86_400_000

/**
 * Remembers the last No-Vary-Search of a path's responses: the key derived from it is probably the
 * one of a request's response. Each rule is a cache entry, shared by instances. It is only a hint:
 * under a key derived from a rule are only responses that had this very rule.
 */
export class PathRules {
  readonly #known = new RecentKeys<Known>()
  readonly #looking = new Map<string, Promise<Known>>()
  #hasRules = false

  constructor (readonly cache: Pick<Cache<StoredResponse>, 'find' | 'set'>) {}

  /** Returns the rule known to this instance, without waiting. */
  known (key: ResponseKey): QueryVariance | undefined {
    if (!this.#hasRules) return undefined
    const place = ruleKey(key)
    return place && this.#known.get(place.key)?.rule
  }

  /** Returns the rule known to all instances, at most a second old. */
  look (key: ResponseKey): QueryVariance | undefined | Promise<QueryVariance | undefined> {
    const place = this.#due(key)
    return place === undefined ? this.known(key) : this.#look(place).then(({ rule }) => rule)
  }

  /** Like `look`, while the request is answered with the known rule. */
  lookLater (key: ResponseKey, log: FastifyBaseLogger): void {
    const place = this.#due(key)
    if (place === undefined || this.#looking.has(place)) return
    this.#look(place).catch((error: unknown) => {
      log.warn({ err: error }, 'the No-Vary-Search of a path could not be looked up')
    })
  }

  /**
   * Remembers the rule of a path's last response, and shares it with the other instances if it is
   * new.
   * @param fill the fill that produced the response
   */
  async learn (
    fill: Pick<Fill<StoredResponse>, 'storeVariant'>,
    key: ResponseKey,
    rule: QueryVariance
  ): Promise<void> {
    const place = ruleKey(key)
    if (place === undefined) return
    const known = this.#known.get(place.key)
    const isShared = known?.isShared === true && known.rule !== undefined
    if (isShared && formatNoVarySearch(known.rule) === formatNoVarySearch(rule)) return
    const entry = StoredResponse.ruled(rule)
    // The entry is never fresh, so that instances look for a newer one.
    const options = { ttl: 0, retain: LIFETIME, tags: targetTags(place, place.key) }
    // Stamps of fills of two instances do not order them: a rule that replaces another has to be
    // set.
    const isStored = isShared
      ? await this.cache
        .set(place.key, entry, { ...options, consistency: 'bounded' })
        .catch(() => false)
      : (await fill.storeVariant(place.key, entry, options)).result === 'stored'
    this.#note(place.key, rule, isStored)
  }

  /**
   * Returns the key of a lookup that is due. Requests without a query need none: the exact key has
   * their response, or its location.
   */
  #due (key: ResponseKey): string | undefined {
    const place = key.parts?.query === '' ? undefined : ruleKey(key)?.key
    const known = place === undefined ? undefined : this.#known.get(place)
    return known !== undefined && Math.abs(Date.now() - known.at) < INTERVAL ? undefined : place
  }

  #look (place: string): Promise<Known> {
    const looking =
      this.#looking.get(place) ??
      this.#read(place).finally(() => {
        this.#looking.delete(place)
      })
    this.#looking.set(place, looking)
    return looking
  }

  async #read (place: string): Promise<Known> {
    const found = await this.cache.find(place, { accept: 'retained' })
    const rule = found?.entry.value.ruledBy?.rule
    // A write to the path invalidates the entry, but not the rule in it.
    return this.#note(place, rule ?? this.#known.get(place)?.rule, rule !== undefined)
  }

  #note (place: string, rule: QueryVariance | undefined, isShared: boolean): Known {
    const known = { rule, isShared, at: Date.now() }
    this.#known.set(place, known)
    this.#hasRules ||= rule !== undefined
    return known
  }
}
