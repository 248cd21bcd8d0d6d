import { type FleetEvent, type Invalidated, type Tick } from './api.js'
import { appended } from './ring.js'
import { Stored } from './stored.js'
import { told } from './told.js'

/** The part of an EventSource that is used here. */
export interface EventStream {
  /** 2 where it has given up. */
  readonly readyState: number
  addEventListener (type: string, listener: (event: { readonly data?: unknown }) => void): void
  close (): void
}

/** The last that the live stream has told. */
export interface Live {
  /** `connecting` until something is known for the first time. */
  readonly phase: 'connecting' | 'live' | 'lost'
  /** ms since 1970, by this machine's clock: when the last tick came. */
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
 * One tick a second is told: when five are missing, nobody is there, whatever the connection says.
 */
const SILENCE_MS = 5000
const RETRY_MS = 2000
const CLOSED = 2

/**
 * Follows the live stream of the stats service, for as long as the page is open. A browser
 * reconnects by itself where the connection breaks, but not where the answer was an error, nor
 * where nothing comes over a connection that stays: so those are done here.
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
    // A stream that was given up may still have events on their way.
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
   * Calls `listener` with each invalidation, and with nothing when the stream is back, because some
   * may have been missed; until what it returns is called.
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

  /** Begins anew after `delay` unless something is heard before. */
  #wake (delay: number): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => {
      this.#lost()
      this.start()
    }, delay)
  }
}
