import { Fill, keyTag } from '@weir/cache'
import { feedsGet, responseDirectives } from '@weir/http'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { feedMarker, type ResponseKey } from './key.js'
import type { RouteCacheOptions } from './options.js'
import type { PassingCache } from './pass-on.js'
import { StoredResponse } from './stored-response.js'

// Lifetime of a marker in milliseconds; a POST that takes longer than half of it stores nothing.
const LASTS = 600_000
const MARKER = StoredResponse.variants([])

export interface PostFeedOptions {
  readonly cache: PassingCache<StoredResponse>
  readonly key: ResponseKey
  readonly request: FastifyRequest
  readonly route: Pick<RouteCacheOptions, 'targets'>
}

/**
 * Stores a response to POST for GET (RFC 9110, 9.3.3). Only the origin knows the order of
 * overlapping writes, so a response is stored only if no other write to its path ended, and no
 * other POST was stored, since this one was sent on. A path has a marker, and a POST has a fill of
 * that marker, begun before the handler runs:
 *
 * 1. Each write to the path invalidates the tag of the marker, among others. A POST that may be
 *    stored omits this tag.
 * 2. When its own invalidation is done, the POST takes a stamp for the response, and commits the
 *    fill of the marker. The store refuses the commit if another write has invalidated the marker,
 *    or another POST has committed it. Later writes invalidate the response by its stamp.
 * 3. If the commit is refused, the POST invalidates all tags, including the marker's, before it is
 *    acknowledged.
 */
export class PostFeed {
  #isOpen = true
  /**
   * Tags that the write invalidates; undefined unless its own invalidation has omitted the marker's
   * tag.
   */
  #written: ReadonlySet<string> | undefined

  private constructor (
    readonly options: PostFeedOptions,
    readonly marker: Fill<StoredResponse>,
    readonly begunAt: number
  ) {}

  /**
   * Returns undefined if the store does not answer, or another write has just ended. Never rejects.
   */
  static async begin (options: PostFeedOptions): Promise<PostFeed | undefined> {
    const { cache, key, request } = options
    const begunAt = Date.now()
    try {
      const name = feedMarker(key.written)
      await cache.set(name, MARKER, { ttl: LASTS, consistency: 'bounded' })
      const marker = await cache.acquire(name, { beside: true, renew: true })
      // The store checks a marker on commit only if it replaces an existing one.
      const isUsable =
        marker instanceof Fill && marker.stamp !== undefined && marker.stale !== undefined
      return isUsable ? new PostFeed(options, marker, begunAt) : undefined
    } catch (error) {
      request.log.warn({ err: error }, 'the response to a POST will not be stored')
      return undefined
    }
  }

  /**
   * Removes the marker's tag from those that the write invalidates, if its response may be stored.
   */
  leaveOut (tags: Set<string>, reply: FastifyReply): void {
    const {
      key,
      route: { targets }
    } = this.options
    const [now, response] = [Date.now(), { status: reply.statusCode, headers: reply.getHeaders() }]
    const given = responseDirectives(
      response.headers,
      targets?.map((name) => name.toLowerCase())
    )
    if (
      !this.#isOpen ||
      !feedsGet(key.uri, response, given, { requestTime: now, responseTime: now })
    ) { return }
    this.#written = new Set(tags)
    tags.delete(keyTag(feedMarker(key.written)))
  }

  /**
   * Returns the fill for GET, once the write has invalidated its tags; undefined if the response is
   * not to be stored.
   * @param tags tags of the response. A response is not stored if the write itself invalidates one
   *   of them, because another write could have done so, too.
   * @throws CacheError WEIR_CACHE_STORE_FAILED: an older response to another POST could still be
   *   stored
   */
  async take (tags: readonly string[]): Promise<Fill<StoredResponse> | undefined> {
    this.#isOpen = false
    const fill = this.#written === undefined ? undefined : await this.#claim(tags)
    if (fill === undefined) await this.#refuse()
    return fill
  }

  /** Called if the response is not completed. */
  giveUp (): void {
    if (!this.#isOpen) return
    this.#isOpen = false
    this.#refuse().catch((error: unknown) => {
      this.options.request.log.error(
        { err: error },
        'a write is done, but its invalidation failed'
      )
    })
  }

  /** Prevents writes that overlap with this one from being stored. */
  async #refuse (): Promise<void> {
    this.marker.abandon()
    // No edge stores a response to POST.
    if (this.#written !== undefined) await this.options.cache.fleet.invalidate([...this.#written])
  }

  async #claim (tags: readonly string[]): Promise<Fill<StoredResponse> | undefined> {
    const { cache, key, request } = this.options
    try {
      if (Date.now() - this.begunAt > LASTS / 2) return undefined
      const fill = await cache.acquire(key.key, { beside: true })
      if (!(fill instanceof Fill)) return undefined
      if (fill.stamp !== undefined) {
        const { result } = await this.marker.commit(MARKER, () => ({ ttl: LASTS, tags }))
        if (result === 'stored') return fill
      }
      fill.abandon()
    } catch (error) {
      request.log.warn({ err: error }, 'the response to a POST could not be stored')
    }
    return undefined
  }
}
