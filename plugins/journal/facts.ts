import {
  bounded, pathOf, type RequestFacts, type Served, type ServedFacts, type VersionFacts
} from '@weir/metrics/journal'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { traceOf } from '../active-tracing.js'
import { originOf } from '../response-cache/authority.js'
import type { FilledMessage } from '../response-cache/channels.js'
import type { CacheResult } from '../response-cache/result.js'
import { defaultCacheControl } from '../response-cache/hit-head.js'
import type { NameClient } from './clients.js'

const LONGEST = 1024
const MOST_TAGS = 64

/** Turns requests and entries into what the journal records: bounded, and without secrets. */
export class Facts implements ServedFacts<FastifyReply> {
  constructor (
    readonly nameOf: NameClient,
    readonly redact: (text: string) => string,
    readonly origin: string | undefined
  ) {}

  client ({ request }: FastifyReply): string | undefined {
    return this.nameOf(request)
  }

  requestOf (request: FastifyRequest): RequestFacts {
    const trace = traceOf(request)
    const client = this.nameOf(request)
    return {
      method: request.method,
      url: this.text(request.originalUrl),
      id: request.id.slice(0, LONGEST),
      ...(trace !== undefined && { trace: trace.traceId }),
      ...(client !== undefined && { client })
    }
  }

  /** Returns a key or a URL as it is recorded: a long one ends with a parameter that is removed. */
  text (given: string): string {
    return bounded(this.redact, given)
  }

  tags (given: readonly string[]): string[] {
    return given.slice(0, MOST_TAGS).map((tag) => this.text(tag))
  }

  /** Returns the key of a request without one: its URL. */
  keyOf (request: FastifyRequest): string {
    const origin = this.origin ?? originIn(request)
    return this.text(`${origin}${pathOf(request.originalUrl)}`)
  }

  event (reply: FastifyReply, at: number): Served {
    const { request, statusCode: status, elapsedTime } = reply
    const { outcome, reason, standsIn, filledBy, key, entry } = resultOf(request)
    const etag = entry?.value.header('etag')
    return {
      at,
      began: Math.floor(at - elapsedTime),
      outcome: outcome === 'refill' ? 'bypass' : outcome,
      key: key === undefined ? this.keyOf(request) : this.text(key),
      ...(entry !== undefined && { stamp: entry.stamp }),
      ...(etag !== undefined && { etag }),
      ...(filledBy !== undefined && { filledBy }),
      ...(reason !== undefined && { reason }),
      ...(standsIn !== undefined && { standsIn }),
      status,
      request: this.requestOf(request)
    }
  }

  version ({ request }: FastifyReply): VersionFacts | undefined {
    const { key, entry } = resultOf(request)
    return key === undefined || entry === undefined ? undefined : this.versionOf(key, entry)
  }

  versionOf (
    key: string,
    entry: NonNullable<CacheResult['entry']> | FilledMessage['entry']
  ): VersionFacts {
    const { value, stamp, tags, filledBy, storedAt, freshUntil, staleUntil, errorUntil } = entry
    const etag = value.header('etag')
    return {
      key: this.text(key),
      stamp,
      ...(etag !== undefined && { etag }),
      tags: this.tags(tags),
      filledBy,
      storedAt: timeOf(storedAt),
      freshUntil: timeOf(freshUntil),
      staleUntil: timeOf(staleUntil),
      errorUntil: timeOf(errorUntil),
      // The cache adds a default where the application sends none.
      cacheControl: value.header('cache-control') ?? defaultCacheControl(200)
    }
  }
}

// The latest time that a Date can represent: entries without an end lie beyond it.
const LATEST = 8_640_000_000_000_000
const timeOf = (time: number) => Math.min(LATEST, Math.max(0, Math.round(time)))

const NO_RESULT: CacheResult = { outcome: 'bypass', cost: 0 }
const resultOf = (request: FastifyRequest): CacheResult => request.cacheResult ?? NO_RESULT

function originIn (request: FastifyRequest): string {
  try {
    return originOf(request)
  } catch {
    return ''
  }
}
