import { type FleetEvent, type Invalidated, type Tick } from './api.js'
import { appended } from './ring.js'
import { Stored } from './stored.js'
import { told } from './told.js'

/** The subset of EventSource that the feed uses. */
export interface EventStream {
  /** 2 after the browser has stopped reconnecting. */
  readonly readyState: number
  addEventListener (type: string, listener: (event: { readonly data?: unknown }) => void): void
  close (): void
}

/** The latest data of the live stream. */
export interface Live {
  /** `connecting` until the first data arrives. */
  readonly phase: 'connecting' | 'live' | 'lost'
  /** Time of the last tick in ms since 1970, by this machine's clock. */
  readonly heardAt: number | undefined
  /** Ticks of the last five minutes, oldest first. */
  readonly ticks: readonly Tick[]
  /** Newest last. */
  readonly invalidations: readonly Invalidated[]
  /** Events since the page was opened, newest last. */
  readonly events: readonly FleetEvent[]
}

const TICKS = 300
const INVALIDATIONS = 100
const EVENTS = 200
/**
 * The stream sends one tick per second: after five missing ticks it counts as lost, even if the
 * connection is still open.
 */
const SILENCE_MS = 5000
const RETRY_MS = 2000
const CLOSED = 2

/**
 * Follows the live stream of the stats service while the page is open. Browsers reconnect after a
 * broken connection, but neither after an error response nor on an open connection that has gone
 * silent. The feed handles these two cases.
 */
export class LiveFeed {
  readonly state = new Stored<Live>({
    phase: 'connecting',
    heardAt: undefined,
    ticks: [],
    invalidations: [],
    events: []
  })

  readonly #open: () => EventStream
  readonly #listeners = new Set<(event: Invalidated | undefined) => void>()
  #stream: EventStream | undefined
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor (open: () => EventStream) {
    this.#open = open
  }

  start (): void {
    this.stop()
    const stream = this.#open()
    this.#stream = stream
    this.#wake(SILENCE_MS)
    // A replaced stream may still deliver pending events.
    const on = (type: string, handle: (event: { readonly data?: unknown }) => void) => {
      stream.addEventListener(type, (event) => {
        if (this.#stream === stream) handle(event)
      })
    }
    on('tick', ({ data }) => this.#tick(told(String(data))))
    on('invalidated', ({ data }) => this.#invalidated(told(String(data))))
    on('event', ({ data }) => this.#event(told(String(data))))
    on('error', () => {
      this.#lost()
      if (stream.readyState === CLOSED) this.#wake(RETRY_MS)
    })
  }

  stop (): void {
    clearTimeout(this.#timer)
    this.#stream?.close()
    this.#stream = undefined
  }

  /**
   * Calls `listener` with each invalidation, and with undefined when the stream is back, because
   * some may have been missed. Returns a function that unsubscribes.
   */
  listen (listener: (event: Invalidated | undefined) => void): () => void {
    this.#listeners.add(listener)
    return () => {
      this.#listeners.delete(listener)
    }
  }

  #tick (tick: Tick): void {
    const before = this.state.get()
    this.#wake(SILENCE_MS)
    this.state.set({
      ...before,
      phase: 'live',
      heardAt: Date.now(),
      ticks: appended(before.ticks, tick, TICKS)
    })
    if (before.phase === 'lost') this.#tell(undefined)
  }

  #invalidated (event: Invalidated): void {
    const before = this.state.get()
    this.state.set({
      ...before,
      invalidations: appended(before.invalidations, event, INVALIDATIONS)
    })
    this.#tell(event)
  }

  #event (event: FleetEvent): void {
    const before = this.state.get()
    this.state.set({ ...before, events: appended(before.events, event, EVENTS) })
  }

  #tell (event: Invalidated | undefined): void {
    for (const listener of [...this.#listeners]) listener(event)
  }

  #lost (): void {
    const before = this.state.get()
    this.state.set({ ...before, phase: 'lost' })
  }

  /** Reconnects after `delay` unless data arrives first. */
  #wake (delay: number): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => {
      this.#lost()
      this.start()
    }, delay)
  }
}
