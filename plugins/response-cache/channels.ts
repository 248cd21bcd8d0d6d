import { channel } from 'node:diagnostics_channel'
import type { Entry, StoreResult } from '@weir/cache'
import type { FastifyRequest } from 'fastify'
import type { StoredResponse } from './stored-response.js'

/** A response that a request's handler computed, and the store's answer to it. */
export interface FilledMessage {
  /** The request whose handler ran: of a client, or of the application itself. */
  readonly request: FastifyRequest
  readonly key: string
  readonly entry: Entry<StoredResponse>
  readonly result: StoreResult
  /** `refill`: in the background, for a stale response. */
  readonly purpose: 'answer' | 'head' | 'refill' | 'refetch'
  /** Time at which the handler was called, ms since 1970. */
  readonly began: number
}

/** A write, once its invalidation has been confirmed, queued, or has failed. */
export interface WrittenMessage {
  readonly request: FastifyRequest
  readonly status: number
  /** Time at which the request arrived, ms since 1970. */
  readonly began: number
  /** Time at which its invalidation began. */
  readonly since: number
  readonly tags: readonly string[]
  /** `queued`: no instance uses its cache until the outbox has delivered the invalidation. */
  readonly outcome: 'acknowledged' | 'queued' | 'unconfirmed' | 'failed'
  readonly consistency: 'strict' | 'bounded'
}

/** Receives a {@link FilledMessage} for each response that was computed to be stored. */
export const filledChannel = channel('weir:response:fill')

/** Receives a {@link WrittenMessage} for each write that invalidates. */
export const writtenChannel = channel('weir:response:write')
