import type { Counters, Outcome, RouteCounter } from '@weir/metrics'
import type { FastifyReply, FastifyRequest, onResponseHookHandler, RouteOptions } from 'fastify'
import { TRACE } from '../active-tracing.js'
import type {} from '../auth/index.js'
import type {} from '../rate-limit/index.js'
import { isRefused } from '../refusals.js'
import type { CacheResult } from '../response-cache/result.js'
import { clientOf } from './client.js'
import type { Exemplars } from './exemplars.js'

/** Counters of a process, and the name under which it fills caches. */
export interface Counting {
  readonly counters: Counters
  readonly instance: string
  readonly exemplars: Exemplars
}

/** Counts the requests of a route. Its counters are looked up here, once. */
export function countRoute (
  route: Pick<RouteOptions, 'method' | 'url'>,
  counting: Counting
): onResponseHookHandler {
  const [only, ...others] = [route.method]
    .flat()
    .map((method) => [method, counting.counters.route(`${method} ${route.url}`)] as const)
  if (only !== undefined && others.length === 0) {
    const [, counter] = only
    return (request, reply, done) => {
      count(counter, request, reply, counting)
      done()
    }
  }
  const counters = new Map(
    [only, ...others].flatMap((entry) => (entry === undefined ? [] : [entry]))
  )
  return (request, reply, done) => {
    const counter = counters.get(request.method)
    if (counter !== undefined) count(counter, request, reply, counting)
    done()
  }
}

/** Counts requests for paths without a route. */
export function countNotFound (counting: Counting): onResponseHookHandler {
  const counter = counting.counters.route('404')
  return (request, reply, done) => {
    if (request.is404) count(counter, request, reply, counting)
    done()
  }
}

/**
 * Counts a request whose response is complete. On a hit this only adds numbers and allocates
 * nothing.
 */
function count (
  counter: RouteCounter,
  request: FastifyRequest,
  reply: FastifyReply,
  { counters, instance, exemplars }: Counting
): void {
  const result = request.cacheResult
  const outcome = outcomeOf(request, reply, result)
  const tally = counter.tallies[outcome]
  const ms = reply.elapsedTime
  tally.add(ms, bytesOf(request, reply))
  const trace = request[TRACE]
  if (trace?.isSampled === true) exemplars.add(counter, outcome, ms, trace.traceId)
  if (reply.statusCode === 304) tally.notModified++
  if (outcome === 'limited') deny(counter, request, counters)
  // Undefined in contexts created before the decorator.
  if (result === null || result === undefined || outcome === 'limited' || outcome === 'refill') {
    return
  }
  if (result.reason !== undefined) counter.reasons.add(result.reason)
  if (outcome === 'error') return
  tally.savedMicros += result.cost
  if (result.filledBy === undefined) return
  counters.filledBy.add(result.filledBy)
  if (result.filledBy !== instance) tally.shared++
}

function outcomeOf (
  request: FastifyRequest,
  { statusCode }: FastifyReply,
  result: CacheResult | null
): Outcome {
  // Refills count as such regardless of their result, because no client sent them.
  if (result?.outcome === 'refill') return 'refill'
  if (statusCode >= 500 && !isRefused(request)) return 'error'
  if (statusCode === 429 && request.rateLimit?.allowed === false) return 'limited'
  return result?.outcome ?? 'uncached'
}

/**
 * Returns the size of the body, as far as it was known before sending; 0 for streams without a
 * length.
 */
function bytesOf (request: FastifyRequest, reply: FastifyReply): number {
  if (reply.statusCode === 304 || request.method === 'HEAD') return 0
  const length = reply.getHeader('content-length')
  return length === undefined ? 0 : Number(length) || 0
}

function deny (counter: RouteCounter, request: FastifyRequest, counters: Counters): void {
  const client = clientOf(request)
  for (const policy of request.rateLimit?.violated ?? []) counters.deny(counter, policy, client)
}
