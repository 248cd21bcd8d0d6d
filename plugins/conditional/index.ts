import fastifyEtag from '@fastify/etag'
import { evaluatePreconditions, isWeakDate, type Representation } from '@weir/http'
import type { DoneFuncWithErrOrRes, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import {
  WEIR_ERR_CONDITIONAL_OPTION,
  WEIR_ERR_PLUGIN_ORDER,
  WEIR_ERR_PRECONDITION_FAILED
} from '../errors.js'
import { mayHaveFragments } from '../fragments/follow.js'
import { pageOf } from '../fragments/page.js'
import { checkOptionNames } from '../plugin-options.js'
import { discard, emptyBody } from './payload.js'

declare module 'fastify' {
  interface FastifyRequest {
    /**
     * Evaluates If-Match, If-None-Match and If-Unmodified-Since against the current state in the
     * database, null if there is none (RFC 9110 13.2.2). Call it inside the transaction that
     * writes, after a read that locks: of several writers with the same If-Match one succeeds, the
     * others get a 412. On SQLite the transaction takes the lock when it begins, with
     * `ImmediateSqliteDialect` of `@weir/outbox`; elsewhere read `for update`.
     * @throws WEIR_ERR_PRECONDITION_FAILED (412)
     * @example
     * await db.transaction().execute(async (trx) => {
     *   const product = await trx.selectFrom('products').selectAll().where('id', '=', id)
     *     .forUpdate() // not on SQLite
     *     .executeTakeFirst()
     *   request.checkPreconditions(product === undefined ? null : { etag: `"${product.version}"` })
     *   await trx.updateTable('products').set(changed).where('id', '=', id).execute()
     * })
     */
    checkPreconditions (current: Representation | null): void
    /** True if the entity tag of the response was computed from the body before any encoding. */
    isTagged: boolean
  }
}

export interface ConditionalOptions {
  /**
   * Generates weak entity tags. A client cannot use one in If-Match (RFC 9110 13.1.1). Default
   * false.
   */
  weak?: boolean
}

const NAME = 'weir-conditional'

// Placeholder for a tag while @fastify/etag runs, so that it does not hash responses that must not
// have one. No header can contain a newline.
const noTag = '\n'

/**
 * Conditional requests (RFC 9110 13): an ETag on 2xx responses to GET and HEAD, 304 and 412.
 * Register it before the response cache, so that a tag is computed once, when a response is stored,
 * and not on each hit.
 */
async function conditional (app: FastifyInstance, options: ConditionalOptions) {
  checkOptionNames<ConditionalOptions>(NAME, options, { weak: true })
  const { weak = false } = options
  if (app.hasDecorator('responseCache')) {
    throw new WEIR_ERR_PLUGIN_ORDER(
      NAME,
      'weir-response-cache',
      'entity tags are computed once, when a response is stored'
    )
  }
  if (typeof weak !== 'boolean') throw new WEIR_ERR_CONDITIONAL_OPTION('weak', 'true or false')

  if (!app.hasRequestDecorator('isTagged')) app.decorateRequest('isTagged', false)
  app.decorateRequest(
    'checkPreconditions',
    function (this: FastifyRequest, current: Representation | null) {
      if (evaluatePreconditions(this, current) === 'failed') {
        throw new WEIR_ERR_PRECONDITION_FAILED()
      }
    }
  )

  app.addHook('onSend', (request, reply, _payload, done) => {
    if (!reply.hasHeader('etag')) {
      if (mayBeHashed(request, reply)) request.isTagged = true
      else reply.header('etag', noTag)
    }
    const lastModified = textHeader(reply, 'last-modified')
    // The date could not distinguish the versions of the current second.
    if (lastModified !== undefined && isWeakDate(lastModified, Date.now())) {
      reply.removeHeader('last-modified')
    }
    done()
  })

  // Only hashing is used: the plugin's own 304 knows neither lists nor `*`, and would also answer
  // errors and POST.
  await app.register(fastifyEtag, { weak, replyWith304: false })

  app.addHook('onSend', (_request, reply, _payload, done) => {
    if (reply.getHeader('etag') === noTag) reply.removeHeader('etag')
    done()
  })

  app.addHook('onRoute', (route) => {
    if ([route.method].flat().some((method) => method === 'GET' || method === 'HEAD')) {
      route.onSend = [answerConditions, ...[route.onSend ?? []].flat()]
    }
  })
}

/**
 * Evaluates conditions in the route's own onSend hook, which runs after those of the instance: by
 * then, the response cache has seen the payload and its tag. The hook comes first in the route,
 * before another one compresses the payload or removes it from a HEAD response.
 */
function answerConditions (
  request: FastifyRequest,
  reply: FastifyReply,
  payload: unknown,
  done: DoneFuncWithErrOrRes
): void {
  const { headers } = request
  if (
    (headers['if-none-match'] === undefined &&
      headers['if-modified-since'] === undefined &&
      headers['if-match'] === undefined &&
      headers['if-unmodified-since'] === undefined) ||
    !isSelected(request, reply)
  ) { return done() }
  const lastModified = textHeader(reply, 'last-modified')
  const outcome = evaluatePreconditions(request, { etag: textHeader(reply, 'etag'), lastModified })
  if (
    outcome === 'proceed' ||
    (outcome === 'not-modified' && isOpen(request, reply, payload, lastModified))
  ) { return done() }
  discard(payload)
  if (outcome === 'failed') return done(new WEIR_ERR_PRECONDITION_FAILED())
  reply.code(304)
  for (const name of ofTheBody) reply.removeHeader(name)
  done(null, request.method === 'HEAD' ? emptyBody() : null)
}

/**
 * Returns whether an inconclusive date decides: later hooks and streams may use changed fragments.
 */
function isOpen (
  request: FastifyRequest,
  reply: FastifyReply,
  payload: unknown,
  lastModified: string | undefined
): boolean {
  if (pageOf(request) === undefined) return mayHaveFragments(request, reply, lastModified)
  return (
    request.headers['if-none-match'] === undefined &&
    typeof payload !== 'string' &&
    !Buffer.isBuffer(payload)
  )
}

// Fields that a 304 omits: the client has them already, and a length of 0 would be wrong (RFC 9110
// 8.6, 15.4.5).
const ofTheBody = ['content-type', 'content-length', 'content-encoding', 'content-language']

/**
 * Returns whether the reply is the representation to which the preconditions of a GET or HEAD
 * apply.
 */
function isSelected (request: FastifyRequest, reply: FastifyReply): boolean {
  const { statusCode } = reply
  return (
    (request.method === 'GET' || request.method === 'HEAD') &&
    statusCode >= 200 &&
    statusCode < 300
  )
}

/**
 * Excludes 206, which is only a part, and 204, which is empty: their hash is not the tag of the
 * whole.
 */
function mayBeHashed (request: FastifyRequest, reply: FastifyReply): boolean {
  return isSelected(request, reply) && reply.statusCode !== 206 && reply.statusCode !== 204
}

function textHeader (reply: FastifyReply, name: string): string | undefined {
  const value = reply.getHeader(name)
  return typeof value === 'string' ? value : undefined
}

export default fp(conditional, { name: NAME, fastify: '5.x' })
