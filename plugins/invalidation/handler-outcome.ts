import type { FastifyReply } from 'fastify'

/**
 * Whether the handler of a request has done its work, whatever becomes of its answer.
 *
 * The handler's first answer decides: what it sends or returns, unless that is an error or has the
 * status of one. The answer to a handler timeout is not the handler's.
 */
export class HandlerOutcome {
  /** An async handler has returned nothing. */
  hasReturned = false
  #isWritten: boolean | undefined
  #hasSent = false
  #isClosed = false
  /** The status of the answer to a handler timeout; 0 before there is one. */
  #timeoutStatus: number | undefined
  readonly #reply: FastifyReply

  constructor (reply: FastifyReply) {
    this.#reply = reply
    reply.raw.once('close', () => { this.#isClosed = true })
  }

  /** The handler has answered with a status below 400. */
  get isWritten (): boolean {
    return this.#isWritten === true
  }

  /** The response has been sent, or its client has left. */
  get isClosed (): boolean {
    return this.#isClosed || this.#reply.raw.destroyed
  }

  /** Something was sent since the handler began. */
  get hasSent (): boolean {
    return this.#hasSent
  }

  get isTimedOut (): boolean {
    return this.#timeoutStatus !== undefined
  }

  /** The handler has thrown, or its promise was rejected. */
  fail (): void {
    this.#isWritten ??= false
  }

  /**
   * Takes note of what `reply.send()` is given.
   * @returns whether it says that the handler has done its work
   */
  send (payload: unknown): boolean {
    this.#hasSent = true
    if (this.#isWritten !== undefined || this.#isOfTimeout(payload)) return false
    this.#isWritten = !(payload instanceof Error) && this.#isSuccess(payload)
    return this.#isWritten
  }

  /** Whether the handler, whose promise has brought nothing to send, has done its work. */
  isWrittenInTheEnd (): boolean {
    return this.#isWritten ?? this.#isSuccess(undefined)
  }

  /** Whether a timeout has raised this error, or an error handler sends this for it. */
  #isOfTimeout (payload: unknown): boolean {
    const { statusCode, sent } = this.#reply
    const isRaised = isHandlerTimeout(payload) && !this.isTimedOut
    const isAnswer =
      this.isTimedOut && !sent && (payload instanceof Error || statusCode !== this.#timeoutStatus)
    if (isRaised || isAnswer) this.#timeoutStatus = isRaised ? 0 : statusCode
    return isRaised || isAnswer
  }

  /** A status that is the answer's to a timeout is not the handler's. */
  #isSuccess (payload: unknown): boolean {
    return isSuccess(this.#reply, payload) || this.#reply.statusCode === this.#timeoutStatus
  }
}

/** RFC 9111, 4.4: a non-error status code is 2xx or 3xx. */
export function isSuccess ({ statusCode }: FastifyReply, payload?: unknown): boolean {
  const status = isResponse(payload) ? payload.status : statusCode
  return status >= 200 && status < 400
}

/** Whether it is a `Response`, whose status and headers Fastify applies after all hooks. */
export const isResponse = (payload: unknown): payload is Response =>
  Object.prototype.toString.call(payload) === '[object Response]'

const isHandlerTimeout = (payload: unknown) =>
  payload instanceof Error && 'code' in payload && payload.code === 'FST_ERR_HANDLER_TIMEOUT'
