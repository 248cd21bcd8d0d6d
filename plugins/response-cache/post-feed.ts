import { type Cache, Fill, keyTag } from '@weir/cache'
import { feedsGet, responseDirectives } from '@weir/http'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { feedMarker, type ResponseKey } from './key.js'
import type { RouteCacheOptions } from './options.js'
import { StoredResponse } from './stored-response.js'

// Milliseconds for which a marker lasts; a POST that takes longer than half of that feeds nothing.
const LASTS = 600_000
const MARKER = StoredResponse.variants([])

export interface PostFeedOptions {
  readonly cache: Cache<StoredResponse>
  readonly key: ResponseKey
  readonly request: FastifyRequest
  readonly route: Pick<RouteCacheOptions, 'targets'>
}

/**
 * The way of a response to POST into the store, for GET (RFC 9110, 9.3.3). Only the origin knows in
 * which order it carried out writes that overlap, so that a response is stored only if no other
 * write to its path ended, and no other POST was stored, since this one was sent on. A path has a
 * marker, and a POST a fill of that, begun before the handler runs:
 *
 * 1. The tag of the marker is one of those that each write to the path invalidates. A POST that may
 *    be stored leaves out this one.
 * 2. When its own invalidation is done, it takes a stamp for the response, and commits the fill of
 *    the marker. The store refuses that if another write has invalidated the marker, or another
 *    POST has committed it. What ends later, ends the response by its stamp.
 * 3. If it is refused, the POST invalidates all tags, that of the marker too, before it is
 *    acknowledged.
 */
export class PostFeed {
  #isOpen = true
  /**
   * What the write invalidates; undefined unless its own invalidation has left out the marker's
   * tag.
   */
  #written: ReadonlySet<string> | undefined

  private constructor (
    readonly options: PostFeedOptions,
    readonly marker: Fill<StoredResponse>,
    readonly begunAt: number
  ) {}

  /** Undefined if the store does not answer, or another write has ended just now. Never rejects. */
  static async begin (options: PostFeedOptions): Promise<PostFeed | undefined> {
    const { cache, key, request } = options
    const begunAt = Date.now()
    try {
      const name = feedMarker(key.written)
      await cache.set(name, MARKER, { ttl: LASTS, consistency: 'bounded' })
      const marker = await cache.acquire(name, { beside: true, renew: true })
      // Only where there is one to replace does the store judge it when it is committed.
      const isUsable =
        marker instanceof Fill && marker.stamp !== undefined && marker.stale !== undefined
      return isUsable ? new PostFeed(options, marker, begunAt) : undefined
    } catch (error) {
      request.log.warn({ err: error }, 'the response to a POST will not be stored')
      return undefined
    }
  }

  /**
   * Takes the marker's tag out of those that the write invalidates, if its response may be stored.
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
   * The fill for GET, once the write has invalidated what it changes; undefined if the response is
   * not to be stored.
   * @param tags of the response. Where the write itself invalidates one, another could have, too:
   *   it is not stored.
   * @throws CacheError WEIR_CACHE_STORE_FAILED: an older response to another POST could be stored
   *   yet
   */
  async take (tags: readonly string[]): Promise<Fill<StoredResponse> | undefined> {
    this.#isOpen = false
    const fill = this.#written === undefined ? undefined : await this.#claim(tags)
    if (fill === undefined) await this.#refuse()
    return fill
  }

  /** The response does not come to its end. */
  giveUp (): void {
    if (!this.#isOpen) return
    this.#isOpen = false
    this.#refuse().catch((error: unknown) => {
      this.options.request.log.error(
        { err: error },
        'a write is done, but what it invalidates could not be invalidated'
      )
    })
  }

  /** Keeps what overlaps with this write from being stored. */
  async #refuse (): Promise<void> {
    this.marker.abandon()
    if (this.#written !== undefined) await this.options.cache.invalidate([...this.#written])
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
