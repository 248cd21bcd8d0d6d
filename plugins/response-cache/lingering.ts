import type { EventEmitter } from 'node:events'
import type { ServerResponse } from 'node:http'
import { shadow } from './shadow.js'

// Milliseconds for which a response goes on without a client.
const LINGER = 10_000

type Listener = (...args: unknown[]) => void

export interface LingeringOptions {
  /** Whether the application is to go on without its client. */
  readonly mayBegin: () => boolean
  /** The application has been told that its client has left. */
  readonly ended: () => void
}

/**
 * Hides from an application for a while that its client has left. The events that tell it are withheld, and what can be read of the
 * request and the response is as if the client were there.
 *
 * Listeners that were there before are no part of the answer: they are told at once, and can read the truth.
 */
export class Lingering {
  readonly #response: ServerResponse
  readonly #options: LingeringOptions
  readonly #isAborted: () => boolean
  readonly #isDestroyed: () => boolean
  readonly #isClosed: () => boolean
  /** Set while it lasts. */
  #timer: NodeJS.Timeout | undefined
  /** The application has been told. */
  #isOver = false
  /** Those that listened before are being told. */
  #isTelling = false
  readonly #withheld: (() => void)[] = []
  readonly #early: Readonly<Record<'request' | 'response', Map<string | symbol, Listener[]>>>

  constructor (response: ServerResponse, options: LingeringOptions) {
    this.#response = response
    this.#options = options
    const { req: request } = response
    const seen = (actual: boolean) => actual && !this.#isHiding
    this.#isAborted = shadow(request, 'aborted', seen)
    // Node would destroy what is piped to a response that it has closed.
    this.#isDestroyed = shadow(response, 'destroyed', seen)
    this.#isClosed = shadow(response, '_closed', seen)
    this.#early = {
      // A request is closed, too, when all has gone well.
      request: this.#withhold(request, ['aborted', 'close'], () => this.#isAborted()),
      response: this.#withhold(response, ['finish', 'close'], () => true)
    }
  }

  get isOn (): boolean {
    return this.#timer !== undefined
  }

  /** Whether nothing can be sent any more. A response of HTTP/2 does not say so; its stream does. */
  get isGone (): boolean {
    const stream: unknown = Reflect.get(this.#response, 'stream')
    return this.#isDestroyed() || (typeof stream === 'object' && stream !== null && Reflect.get(stream, 'destroyed') === true)
  }

  /** Begins if the client has left before; false: it has, and the application is not to go on. */
  beginIfGone (): boolean {
    if (!this.isGone && !this.#isAborted()) return true
    if (!this.#begin()) return false
    // Over HTTP/2 a response that is closed has no socket.
    if (this.#isClosed() || Reflect.get(this.#response, 'socket') === undefined) {
      for (const [event, listeners] of this.#early.response) {
        for (const listener of listeners.splice(0)) this.#response.removeListener(event, listener)
      }
      this.#withheld.push(() => { this.#response.emit('close') })
    }
    return true
  }

  /** Tells the application that its client has left. */
  end (): void {
    if (this.#timer === undefined) return
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#isOver = true
    for (const tell of this.#withheld.splice(0)) tell()
    this.#options.ended()
  }

  get #isHiding (): boolean {
    return this.isOn && !this.#isTelling
  }

  #begin (): boolean {
    if (this.#isOver || !this.#options.mayBegin()) return false
    this.#timer ??= setTimeout(() => { this.end() }, LINGER).unref()
    return true
  }

  /** @returns those that listen now */
  #withhold (emitter: EventEmitter, events: readonly string[], isLeaving: () => boolean): Map<string | symbol, Listener[]> {
    const emit = emitter.emit.bind(emitter)
    const early = new Map<string | symbol, Listener[]>(events.map((event) => [event, emitter.listeners(event) as Listener[]]))
    emitter.emit = (event, ...args: readonly unknown[]) => {
      const listeners = early.get(event)
      if (listeners === undefined || !isLeaving() || !this.#begin()) return emit(event, ...args)
      // Over HTTP/2 what is broken off has finished, too.
      if (event !== 'finish') this.#withheld.push(() => { emit(event, ...args) })
      this.#tell(emitter, event, listeners.splice(0))
      return true
    }
    return early
  }

  #tell (emitter: EventEmitter, event: string | symbol, listeners: readonly Listener[]): void {
    this.#isTelling = true
    try {
      for (const listener of listeners) {
        emitter.removeListener(event, listener)
        Reflect.apply(listener, emitter, [])
      }
    } finally {
      this.#isTelling = false
    }
  }
}
