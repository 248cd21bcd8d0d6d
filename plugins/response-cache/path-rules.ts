import type { Cache, Fill } from '@weir/cache'
import { formatNoVarySearch, type QueryVariance } from '@weir/http'
import type { FastifyBaseLogger } from 'fastify'
import { type ResponseKey, ruleKey, targetTags } from './key.js'
import { RecentKeys } from '@weir/internal'
import { StoredResponse } from './stored-response.js'

interface Known {
  /** Undefined: the path has none. */
  readonly rule: QueryVariance | undefined
  /** Whether the store had it when this instance last looked. */
  readonly isShared: boolean
  /** When that was, in milliseconds. */
  readonly at: number
}

// Milliseconds between looks: for so long an instance may miss a rule that another has learned.
const INTERVAL = 1000
// Milliseconds: a day.
const LIFETIME = 86_400_000

/**
 * Knows the last No-Vary-Search that a response of a path had: the key that it makes is likely to
 * be the one of a request's response. Each rule is an entry of the cache, which instances share. It
 * is a hint and no more: under a key that a rule makes lie only responses that had this very rule.
 */
export class PathRules {
  readonly #known = new RecentKeys<Known>()
  readonly #looking = new Map<string, Promise<Known>>()
  #hasRules = false

  constructor (readonly cache: Pick<Cache<StoredResponse>, 'find' | 'set'>) {}

  /** The rule as far as this instance knows, without waiting. */
  known (key: ResponseKey): QueryVariance | undefined {
    if (!this.#hasRules) return undefined
    const place = ruleKey(key)
    return place && this.#known.get(place.key)?.rule
  }

  /** The rule that all instances know, at most a second old. */
  look (key: ResponseKey): QueryVariance | undefined | Promise<QueryVariance | undefined> {
    const place = this.#due(key)
    return place === undefined ? this.known(key) : this.#look(place).then(({ rule }) => rule)
  }

  /** As `look`, while the request is answered with what is known. */
  lookLater (key: ResponseKey, log: FastifyBaseLogger): void {
    const place = this.#due(key)
    if (place === undefined || this.#looking.has(place)) return
    this.#look(place).catch((error: unknown) => {
      log.warn({ err: error }, 'the No-Vary-Search of a path could not be looked up')
    })
  }

  /**
   * Takes note of the rule of a path's last response, and tells the other instances if it is news
   * to them.
   * @param fill the one that has made the response
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
    // Never fresh, so that instances look whether there is another.
    const options = { ttl: 0, retain: LIFETIME, tags: targetTags(place, place.key) }
    // Stamps of fills of two instances do not order them: a rule in place of another has to be set.
    const isStored = isShared
      ? await this.cache
        .set(place.key, entry, { ...options, consistency: 'bounded' })
        .catch(() => false)
      : (await fill.storeVariant(place.key, entry, options)).result === 'stored'
    this.#note(place.key, rule, isStored)
  }

  /**
   * The key to look under, if it is time. A request without a query never looks: under the exact
   * key it finds its response, or where that is.
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
    // A write to the path ends the entry, and not what it says.
    return this.#note(place, rule ?? this.#known.get(place)?.rule, rule !== undefined)
  }

  #note (place: string, rule: QueryVariance | undefined, isShared: boolean): Known {
    const known = { rule, isShared, at: Date.now() }
    this.#known.set(place, known)
    this.#hasRules ||= rule !== undefined
    return known
  }
}
