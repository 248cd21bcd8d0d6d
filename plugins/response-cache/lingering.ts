import type { EventEmitter } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { shadow } from './shadow.js'

// Milliseconds for which a response continues without a client.
const LINGER = 10_000

type Listener = (...args: unknown[]) => void

/** Side of the application that writes the response. */
export interface LingeringOptions {
  /** Returns whether the application is to continue without its client. */
  mayLinger (): boolean
  /** Called when the application has learned that its client has left. */
  closed (): void
}

/**
 * Hides from an application for a while that its client has left. The events that report it are
 * withheld, and the properties of request and response look as if the client were still connected.
 *
 * Listeners added earlier do not belong to the response: they are called at once, and can read the
 * actual state.
 */
export class Lingering {
  readonly #response: ServerResponse
  readonly #options: LingeringOptions
  /** Actual state, once it is hidden. */
  #hidden: Hidden | undefined
  /** Set while lingering. */
  #timer: NodeJS.Timeout | undefined
  /** True when the application has learned that its client has left. */
  #isOver = false
  /** True while the earlier listeners are being called. */
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
   * True if nothing can be sent any more. A response of HTTP/2 does not report this; its stream
   * does.
   */
  get isGone (): boolean {
    if (this.#hidden?.isDestroyed() ?? this.#response.destroyed) return true
    const stream: unknown = Reflect.get(this.#response, 'stream')
    return (
      typeof stream === 'object' && stream !== null && Reflect.get(stream, 'destroyed') === true
    )
  }

  /**
   * Starts lingering if the client has left already; returns false if the application is not to
   * continue.
   */
  beginIfGone (): boolean {
    if (!this.isGone && !isAborted(this.#response.req)) return true
    if (!this.#begin()) return false
    // A closed response of HTTP/2 has no socket.
    if (this.#hidden?.isClosed() === true || Reflect.get(this.#response, 'socket') === undefined) {
      const { other, others, closers } = this.#early.response
      for (const listener of others.splice(0)) this.#response.removeListener(other, listener)
      for (const listener of closers.splice(0)) this.#response.removeListener('close', listener)
      this.#withheld.push(() => { this.#response.emit('close') })
    }
    return true
  }

  /** Lets the application know that its client has left. */
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
    // Requests are also closed after success.
    const isLeaving =
      listeners !== undefined &&
      (!isOfRequest || (this.#hidden?.isAborted() ?? isAborted(this.#response.req)))
    if (!isLeaving || !this.#begin()) return Reflect.apply(emit, emitter, [event, ...args])
    // An aborted response of HTTP/2 has finished, too.
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
   * Hides the state only after the client has left: Node reports that with the withheld events,
   * before other code runs.
   */
  #hide (): Hidden {
    const seen = (actual: boolean) => actual && (!this.isOn || this.#isTelling)
    return {
      isAborted: shadow(this.#response.req, 'aborted', seen),
      // Node would destroy streams piped to a closed response.
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

/** State of a request and its response that is hidden from the application. */
type Hidden = Readonly<Record<'isAborted' | 'isDestroyed' | 'isClosed', () => boolean>>

/** Earlier listeners, and the emitter's own method to call them. */
interface Early {
  /** Event that reports the end, besides `close`. */
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

/** One function for all requests and responses, like their methods: see `intercept`. */
function emitUnlessHidden (
  this: Withheld,
  event: string | symbol,
  ...args: readonly unknown[]
): boolean {
  return this[LINGERING].emit(this, event, args)
}

/**
 * Returns whether the client has left. Node deprecates the property for reading a body, but has no
 * other one for this.
 */
const isAborted = (request: IncomingMessage): boolean => Reflect.get(request, 'aborted') === true
