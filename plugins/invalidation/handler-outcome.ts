import type { FastifyReply } from 'fastify'

/**
 * Tracks whether the handler of a request has done its work, regardless of its response.
 *
 * The handler's first answer decides: the value it sends or returns, unless that is an error or has
 * the status of one. The answer to a handler timeout does not count as the handler's.
 */
export class HandlerOutcome {
  /** True if an async handler has returned nothing. */
  hasReturned = false
  #isWritten: boolean | undefined
  #hasSent = false
  #isClosed = false
  /** Status of the answer to a handler timeout; undefined before it. */
  #timeoutStatus: number | undefined
  readonly #reply: FastifyReply

  constructor (reply: FastifyReply) {
    this.#reply = reply
    reply.raw.once('close', () => { this.#isClosed = true })
  }

  /** True if the handler has answered with a status below 400. */
  get isWritten (): boolean {
    return this.#isWritten === true
  }

  /** True if the response has been sent, or its client has left. */
  get isClosed (): boolean {
    return this.#isClosed || this.#reply.raw.destroyed
  }

  /** True if anything was sent since the handler began. */
  get hasSent (): boolean {
    return this.#hasSent
  }

  get isTimedOut (): boolean {
    return this.#timeoutStatus !== undefined
  }

  /** Records that the handler has thrown, or its promise was rejected. */
  fail (): void {
    this.#isWritten ??= false
  }

  /**
   * Records the payload given to `reply.send()`.
   * @returns whether it shows that the handler has done its work
   */
  send (payload: unknown): boolean {
    this.#hasSent = true
    if (this.#isWritten !== undefined || this.#isOfTimeout(payload)) return false
    this.#isWritten = !(payload instanceof Error) && this.#isSuccess(payload)
    return this.#isWritten
  }

  /** Returns whether the handler, whose promise resolved to nothing to send, has done its work. */
  isWrittenInTheEnd (): boolean {
    return this.#isWritten ?? this.#isSuccess(undefined)
  }

  /** Returns whether this error is a timeout's, or the answer of an error handler to it. */
  #isOfTimeout (payload: unknown): boolean {
    const { statusCode, sent } = this.#reply
    const isRaised = isHandlerTimeout(payload) && !this.isTimedOut
    const isAnswer =
      this.isTimedOut && !sent && (payload instanceof Error || statusCode !== this.#timeoutStatus)
    if (isRaised || isAnswer) this.#timeoutStatus = isRaised ? 0 : statusCode
    return isRaised || isAnswer
  }

  /** Ignores the status that was set by the answer to a timeout. */
  #isSuccess (payload: unknown): boolean {
    return isSuccess(this.#reply, payload) || this.#reply.statusCode === this.#timeoutStatus
  }
}

/** Returns whether the status is 2xx or 3xx, the non-error status codes of RFC 9111, 4.4. */
export function isSuccess ({ statusCode }: FastifyReply, payload?: unknown): boolean {
  const status = isResponse(payload) ? payload.status : statusCode
  return status >= 200 && status < 400
}

/**
 * Returns whether a value is a `Response`, whose status and headers Fastify applies after all
 * hooks.
 */
export const isResponse = (payload: unknown): payload is Response =>
  Object.prototype.toString.call(payload) === '[object Response]'

const isHandlerTimeout = (payload: unknown) =>
  payload instanceof Error && 'code' in payload && payload.code === 'FST_ERR_HANDLER_TIMEOUT'
