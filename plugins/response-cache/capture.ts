import { type Cache, type Entry, type EntryOptions, keyTag, type Kept, servesError } from '@weir/cache'
import { formatCacheGroups, formatCacheStatus, type HeaderValue, type NotStorable, parseCacheGroups, whyNotStorable } from '@weir/http'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { WEIR_ERR_FILL_FAILED } from '../errors.js'
import type { OngoingFill } from './fills.js'
import { addVary, handlersHeaders, listOf, writeHeaders } from './headers.js'
import type { RouteCacheOptions } from './options.js'
import { ttlSeconds } from './serve.js'
import { StoredResponse } from './stored-response.js'

/** Why a response is served and not stored, as `detail` of Cache-Status says it. */
type Reason = NotStorable | 'VARY' | 'TOO_LARGE' | 'STREAM' | 'NEGATIVE' | 'UNSETTLED'

/** Invalidations that are committed with their data, and that not every instance may have heard of: `createOutbox` of `@weir/outbox`. */
export interface PendingInvalidations {
  /**
   * Resolves when no instance uses its cache that does not know of every invalidation with one of these tags that was committed when
   * this was called. Bounded in time: answers wait for it.
   */
  settle (tags: readonly string[]): Promise<unknown>
}

export interface CaptureOptions {
  readonly cache: Cache<StoredResponse>
  readonly cacheName: string
  readonly maxBodyBytes: number
  readonly outbox: PendingInvalidations | undefined
}

/**
 * Ends a fill with what the handler answered: stores it, or says why not. Resolves to the payload to send, which is
 * another one only where a stale response stands in for an error (RFC 5861, section 4).
 */
export async function capture (
  request: FastifyRequest, reply: FastifyReply, payload: unknown, ongoing: OngoingFill, options: CaptureOptions
): Promise<unknown> {
  try {
    return await endFill(request, reply, payload, ongoing, options)
  } catch (error) {
    // A function of the route's that throws must not keep those who wait.
    ongoing.fill.fail(error)
    throw error
  }
}

async function endFill (
  request: FastifyRequest, reply: FastifyReply, payload: unknown, ongoing: OngoingFill, captureOptions: CaptureOptions
): Promise<unknown> {
  const { cache, cacheName, maxBodyBytes, outbox } = captureOptions
  const { fill, options, uri, before } = ongoing
  const status = reply.statusCode
  const fwd = fill.stale === undefined ? 'uri-miss' : 'stale'

  if (status >= 500) {
    fill.fail(new WEIR_ERR_FILL_FAILED())
    if (fill.stale !== undefined && servesError(fill.stale, Date.now())) return serveStale(reply, fill.stale, ongoing, cacheName)
    reply.header('cache-status', formatCacheStatus(cacheName, { fwd, detail: 'STATUS' }))
    return payload
  }

  const tags = tagsOf(request, reply, options)
  if (tags.length > 0) reply.header('cache-groups', formatCacheGroups(tags))
  if (options.vary !== undefined) addVary(reply, options.vary)
  const headers = handlersHeaders(reply, before)
  const body = bodyOf(payload)
  // What the handler has read may be newer than what other instances still serve: nobody sees it before they are done with that.
  const settled = outbox === undefined || await isSettled(request, outbox, [...tags, ...new Set([keyTag(uri), keyTag(fill.key)])])
  const reason = whyNot(request, reply, headers, before, options) ?? tooMuch(body, maxBodyBytes) ?? (settled ? undefined : 'UNSETTLED')
  if (reason !== undefined || body === undefined) {
    fill.abandon()
    // What is stale would be served again although it is known by now that the answer has become another.
    if (fill.stale !== undefined) await cache.delete(fill.key)
    reply.header('cache-status', formatCacheStatus(cacheName, { fwd, detail: reason ?? 'STREAM' }))
    return payload
  }

  const { entry, kept } = await fill.commit(
    new StoredResponse(status, Object.entries(headers).flat().slice(), body),
    // A write to the URI ends all of its variants (RFC 9111, 4.4); an entry that is the only one ends with its key.
    () => ({ ...lifetime(status, options), tags: uri === fill.key ? tags : [...tags, keyTag(uri)] })
  )
  reply.header('cache-status', formatCacheStatus(cacheName, kept === 'stored'
    ? { fwd, stored: true, ttl: ttlSeconds(entry.freshUntil, entry.storedAt) }
    : { fwd, detail: NOT_KEPT[kept] }))
  return payload
}

const NOT_KEPT: Record<Exclude<Kept, 'stored'>, string> = { invalid: 'INVALIDATED', failed: 'STORE_FAILED', transient: 'NO_TTL' }

function serveStale (reply: FastifyReply, stale: Entry<StoredResponse>, { before }: OngoingFill, cacheName: string): Buffer {
  const failed = reply.statusCode
  for (const name of Object.keys(handlersHeaders(reply, before))) reply.removeHeader(name)
  reply.removeHeader('content-length')
  const now = Date.now()
  const response = stale.value
  reply.code(response.status)
  writeHeaders(reply, response.headers)
  reply.header('age', String(Math.max(0, Math.floor((now - stale.storedAt) / 1000))))
  reply.header('cache-status', formatCacheStatus(cacheName, { fwd: 'stale', fwdStatus: failed, ttl: ttlSeconds(stale.freshUntil, now), detail: 'STALE_IF_ERROR' }))
  return response.body
}

async function isSettled (request: FastifyRequest, outbox: PendingInvalidations, tags: readonly string[]): Promise<boolean> {
  try {
    await outbox.settle(tags)
    return true
  } catch (error) {
    // The answer itself is right. Only, somebody who sees it may then see an older one from another instance.
    request.log.warn({ err: error, tags }, 'the outbox could not say what is pending: the response is served and not stored')
    return false
  }
}

const NEGATIVE = new Set([404, 410])

function whyNot (
  request: FastifyRequest, reply: FastifyReply, headers: Record<string, HeaderValue>, before: OngoingFill['before'], options: RouteCacheOptions
): Reason | undefined {
  const status = reply.statusCode
  if (NEGATIVE.has(status) && options.negative === undefined) return 'NEGATIVE'
  const reason = whyNotStorable(request, { status, headers })
  if (reason !== undefined) return reason
  // A response that differs by a header which is not in its key would be served to the wrong requests.
  const keyed = [...listOf(options.vary), ...listOf(before['vary'])]
  return listOf(headers['vary']).every((name) => keyed.includes(name)) ? undefined : 'VARY'
}

function lifetime (status: number, { ttl, staleWhileRevalidate, staleIfError, jitter, negative }: RouteCacheOptions): EntryOptions {
  if (NEGATIVE.has(status) && negative !== undefined) return { ttl: negative }
  return {
    ttl,
    ...(staleWhileRevalidate !== undefined && { staleWhileRevalidate }),
    ...(staleIfError !== undefined && { staleIfError }),
    ...(jitter !== undefined && { jitter })
  }
}

/** The route's tags and those the handler named in Cache-Groups (RFC 9875, section 2). */
function tagsOf (request: FastifyRequest, reply: FastifyReply, { tags = [] }: RouteCacheOptions): string[] {
  const own = typeof tags === 'function' ? tags(request, reply) : tags
  return [...new Set([...own, ...parseCacheGroups(reply.getHeader('cache-groups'))])]
}

/** The bytes of a payload, copied: small Buffers share memory with others, which a stored one would keep alive. */
function bodyOf (payload: unknown): Buffer | undefined {
  if (payload === null || payload === undefined) return Buffer.alloc(0)
  if (typeof payload === 'string') {
    const body = Buffer.allocUnsafeSlow(Buffer.byteLength(payload))
    body.write(payload)
    return body
  }
  if (!Buffer.isBuffer(payload)) return undefined
  const body = Buffer.allocUnsafeSlow(payload.length)
  payload.copy(body)
  return body
}

function tooMuch (body: Buffer | undefined, maxBodyBytes: number): Reason | undefined {
  if (body === undefined) return 'STREAM'
  return body.length > maxBodyBytes ? 'TOO_LARGE' : undefined
}
