import type { FastifyReply } from 'fastify'
import { STATUS_CODES } from 'node:http'
import { appendCacheStatus, formatCacheStatus } from '@weir/http'
import { WEIR_ERR_NOT_INVALIDATED } from '../errors.js'
import { followHead } from '../fragments/follow.js'
import { resultOf } from '../given.js'
import { Capture, type CaptureOptions } from './capture.js'
import { withoutConnectionFields } from './fields.js'
import type { Head } from './head.js'
import type { OngoingFill } from './ongoing-fill.js'
import type { PostFeed } from './post-feed.js'
import { givenTags, groupTags } from './tags.js'
import type { Plan, Tap } from './wire.js'

/** Passes the response to a POST through, and stores it for GET if that is allowed. */
export class PostTap implements Tap {
  #capture: Capture | undefined

  /**
   * @param ongoing fill without its stamp, which is taken when the write has invalidated its tags
   */
  constructor (
    readonly feed: PostFeed,
    readonly reply: FastifyReply,
    readonly ongoing: Omit<OngoingFill, 'fill'>,
    readonly options: CaptureOptions
  ) {}

  async head (head: Head, body: Buffer | undefined, isShared?: boolean): Promise<Plan> {
    const { feed, reply, ongoing, options } = this
    const { request } = feed.options
    followHead(request, head)
    try {
      const fill = await feed.take(this.#tags(head))
      if (fill === undefined) return this.#passed(head)
      this.#capture = new Capture(request, reply, { ...ongoing, fill }, options)
      return await this.#capture.head(head, body, isShared)
    } catch (error) {
      request.log.error(
        { err: error },
        'a write is done, but its invalidation failed'
      )
      return refused()
    }
  }

  closed (): void {
    this.feed.giveUp()
    this.#capture?.closed()
  }

  lingers (): boolean {
    return false
  }

  #tags ({ fields }: Head): readonly string[] {
    const { tags } = givenTags(
      resultOf(() => this.ongoing.route.tagsOf(this.feed.options.request, this.reply))
    )
    return [...tags, ...groupTags(fields['cache-groups'])]
  }

  #passed (given: Head): Plan {
    this.ongoing.restore()
    const { fields, ...head } = withoutConnectionFields(given)
    const member = formatCacheStatus(this.options.cacheName, { fwd: 'method', detail: 'METHOD' })
    return {
      kind: 'pass',
      head: {
        ...head,
        fields: { ...fields, 'cache-status': appendCacheStatus(fields['cache-status'], member) }
      }
    }
  }
}

/** Returns the same response as for a write whose invalidation failed. */
function refused (): Plan {
  const { statusCode = 503, code, message } = new WEIR_ERR_NOT_INVALIDATED()
  const body = Buffer.from(
    JSON.stringify({ statusCode, code, error: STATUS_CODES[statusCode], message })
  )
  const fields = {
    'content-type': 'application/json; charset=utf-8',
    'content-length': String(body.length)
  }
  return { kind: 'replace', head: { status: statusCode, fields }, body }
}
