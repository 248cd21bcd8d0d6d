import type { EventEmitter } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { shadow } from './shadow.js'

// Milliseconds for which a response goes on without a client.
const LINGER = 10_000

type Listener = (...args: unknown[]) => void

/** The side of the application that writes the response. */
export interface LingeringOptions {
  /** Whether the application is to go on without its client. */
  mayLinger (): boolean
  /** The application has been told that its client has left. */
  closed (): void
}

/**
 * Hides from an application for a while that its client has left. The events that tell it are
 * withheld, and what can be read of the request and the response is as if the client were there.
 *
 * Listeners that were there before are no part of the answer: they are told at once, and can read
 * the truth.
 */
export class Lingering {
  readonly #response: ServerResponse
  readonly #options: LingeringOptions
  /** The truth, once it is hidden. */
  #hidden: Hidden | undefined
  /** Set while it lasts. */
  #timer: NodeJS.Timeout | undefined
  /** The application has been told. */
  #isOver = false
  /** Those that listened before are being told. */
  #isTelling = false
  readonly #withheld: (() => void)[] = []
  readonly #early: Readonly<Record<'request' | 'response', Early>>

  constructor (response: ServerResponse, options: LingeringOptions) {
    this.#response = response
    this.#options = options
    this.#early = {
      request: earlyOf(response.req, 'aborted'),
      response: earlyOf(response, 'finish')
    }
    Object.assign(response.req, { [LINGERING]: this, emit: emitUnlessHidden })
    Object.assign(response, { [LINGERING]: this, emit: emitUnlessHidden })
  }

  get isOn (): boolean {
    return this.#timer !== undefined
  }

  /**
   * Whether nothing can be sent any more. A response of HTTP/2 does not say so; its stream does.
   */
  get isGone (): boolean {
    if (this.#hidden?.isDestroyed() ?? this.#response.destroyed) return true
    const stream: unknown = Reflect.get(this.#response, 'stream')
    return (
      typeof stream === 'object' && stream !== null && Reflect.get(stream, 'destroyed') === true
    )
  }

  /** Begins if the client has left before; false: it has, and the application is not to go on. */
  beginIfGone (): boolean {
    if (!this.isGone && !isAborted(this.#response.req)) return true
    if (!this.#begin()) return false
    // Over HTTP/2 a response that is closed has no socket.
    if (this.#hidden?.isClosed() === true || Reflect.get(this.#response, 'socket') === undefined) {
      const { other, others, closers } = this.#early.response
      for (const listener of others.splice(0)) this.#response.removeListener(other, listener)
      for (const listener of closers.splice(0)) this.#response.removeListener('close', listener)
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
    this.#options.closed()
  }

  /** Emits an event of the request or the response, or withholds it. */
  emit (emitter: EventEmitter, event: string | symbol, args: readonly unknown[]): boolean {
    const isOfRequest = emitter === this.#response.req
    const { other, others, closers, emit } = isOfRequest
      ? this.#early.request
      : this.#early.response
    const listeners = event === 'close' ? closers : event === other ? others : undefined
    // A request is closed, too, when all has gone well.
    const isLeaving =
      listeners !== undefined &&
      (!isOfRequest || (this.#hidden?.isAborted() ?? isAborted(this.#response.req)))
    if (!isLeaving || !this.#begin()) return Reflect.apply(emit, emitter, [event, ...args])
    // Over HTTP/2 what is broken off has finished, too.
    if (event !== 'finish') {
      this.#withheld.push(() => {
        Reflect.apply(emit, emitter, [event, ...args])
      })
    }
    this.#tell(emitter, event, listeners.splice(0))
    return true
  }

  #begin (): boolean {
    if (this.#isOver || !this.#options.mayLinger()) return false
    this.#timer ??= setTimeout(() => { this.end() }, LINGER).unref()
    this.#hidden ??= this.#hide()
    return true
  }

  /**
   * Not before the client has left: Node says so by the events that are withheld, before anybody
   * else runs.
   */
  #hide (): Hidden {
    const seen = (actual: boolean) => actual && (!this.isOn || this.#isTelling)
    return {
      isAborted: shadow(this.#response.req, 'aborted', seen),
      // Node would destroy what is piped to a response that it has closed.
      isDestroyed: shadow(this.#response, 'destroyed', seen),
      isClosed: shadow(this.#response, '_closed', seen)
    }
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

/** The state of a request and its response that is hidden from the application. */
type Hidden = Readonly<Record<'isAborted' | 'isDestroyed' | 'isClosed', () => boolean>>

/** The listeners that there were before, and the emitter's own way to call them. */
interface Early {
  /** The event by which it is told, besides `close`. */
  readonly other: 'aborted' | 'finish'
  readonly others: Listener[]
  readonly closers: Listener[]
  readonly emit: (event: string | symbol, ...args: readonly unknown[]) => boolean
}

const earlyOf = (emitter: EventEmitter, other: Early['other']): Early => ({
  other,
  others: emitter.listeners(other) as Listener[],
  closers: emitter.listeners('close') as Listener[],
  // eslint-disable-next-line @typescript-eslint/unbound-method -- called on the emitter
  emit: emitter.emit
})

const LINGERING = Symbol('weir.lingering')

type Withheld = EventEmitter & { readonly [LINGERING]: Lingering }

/** One for all requests and responses, as their methods are: see `intercept`. */
function emitUnlessHidden (
  this: Withheld,
  event: string | symbol,
  ...args: readonly unknown[]
): boolean {
  return this[LINGERING].emit(this, event, args)
}

/** Node deprecates it for reading a body; whether a client is there nothing else tells. */
const isAborted = (request: IncomingMessage): boolean => Reflect.get(request, 'aborted') === true
