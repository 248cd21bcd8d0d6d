import { setTimeout } from 'node:timers/promises'
import type { FillEnd } from '../../store.js'
import { FILL_LEASE } from '../renewed-lease.js'
import { parseStrings } from '../string-list.js'
import { CasQueue } from './cas-queue.js'
import type { Item } from './server.js'
import type { Location } from './servers.js'

/** A fill as its item describes it: in progress, or how it ended. */
export interface Fill {
  readonly token: string
  readonly end: FillEnd | undefined
  /** While it is in progress. */
  readonly waits: readonly string[]
  /** The fill's span, once it has ended, if it has one. */
  readonly traceparent?: string | undefined
}

/** The end of a fill, and its span if that is known. */
export interface Ended {
  readonly end: FillEnd
  readonly traceparent?: string | undefined
}

// Seconds; items may expire up to one second early.
const LIFETIME = Math.ceil(FILL_LEASE / 1000) + 1
/** Milliseconds after which a lease has certainly expired unless it was renewed. */
export const LASTS = LIFETIME * 1000
// Milliseconds between reads of a fill's item, increasing: nothing announces the end of a fill.
const [FIRST_PAUSE, LONGEST_PAUSE] = [10, 50]

/**
 * Fills by key: an item for each, which also keeps the outcome while other instances may wait for
 * it.
 */
export class Fills {
  readonly #ends = new Map<string, Promise<Ended>>()

  constructor (readonly prefix: string) {}

  nameOf (digest: string): string {
    return `${this.prefix}:f:${digest}`
  }

  /**
   * Starts a fill in place of the item that was read; resolves to its item, or undefined if another
   * has started.
   */
  async begin (
    location: Location,
    token: string,
    before: Item | undefined
  ): Promise<Item | undefined> {
    const name = this.nameOf(location.digest)
    const bytes = encode({ token, end: undefined, waits: [] })
    const { server } = location
    // One round trip: with the item's version, ending the fill takes only one as well.
    const [isBegun, items] = await Promise.all([
      server.put(name, bytes, LIFETIME, before),
      server.gets([name])
    ])
    const item = items.get(name)
    return isBegun && item !== undefined && decodeFill(item)?.token === token ? item : undefined
  }

  /** Extends the fill; `false` if it has ended or another one is in progress. */
  async renew (location: Location, token: string): Promise<boolean> {
    if (!isUnderWay(await this.#read(location), token)) return false
    return location.server.touch(this.nameOf(location.digest), LIFETIME)
  }

  /** @param begun the fill's item from its start, if that may still exist */
  async end (
    location: Location,
    token: string,
    { end, traceparent }: Ended,
    begun?: Item
  ): Promise<void> {
    const ended = { token, end, waits: [], traceparent }
    const { server, digest } = location
    if (
      begun !== undefined &&
      (await server.put(this.nameOf(digest), encode(ended), LIFETIME, begun))
    ) { return }
    await this.#change(location, (fill) => (isUnderWay(fill, token) ? ended : fill))
  }

  async setWaits (location: Location, token: string, waits: readonly string[]): Promise<void> {
    await this.#change(location, (fill) => (isUnderWay(fill, token) ? { ...fill, waits } : fill))
  }

  async waitsOf (location: Location, token: string): Promise<readonly string[]> {
    const fill = await this.#read(location)
    return isUnderWay(fill, token) ? fill.waits : []
  }

  /**
   * Resolves when another instance's fill has ended; to `unknown` if its outcome cannot be
   * determined.
   */
  ended (location: Location, token: string): Promise<Ended> {
    const id = `${token} ${location.digest}`
    let ended = this.#ends.get(id)
    if (ended === undefined) {
      ended = this.#watch(location, token).finally(() => {
        this.#ends.delete(id)
      })
      this.#ends.set(id, ended)
    }
    return ended
  }

  async #watch (location: Location, token: string): Promise<Ended> {
    for (let pause = FIRST_PAUSE; ; pause = Math.min(1.5 * pause, LONGEST_PAUSE)) {
      await setTimeout(pause)
      try {
        const fill = await this.#read(location)
        if (fill === undefined) return { end: 'unknown' }
        // The item belongs to another fill: the awaited one has ended.
        if (fill.token !== token) return { end: 'done' }
        const { end, traceparent } = fill
        if (end !== undefined) return { end, traceparent }
      } catch {
        // The server is closed or unreadable: waiting clients ask again and get the error.
        return { end: 'unknown' }
      }
    }
  }

  async #read (location: Location): Promise<Fill | undefined> {
    const item = await location.server.read(this.nameOf(location.digest))
    return item && decodeFill(item)
  }

  async #change ({ server, digest }: Location, change: (fill: Fill) => Fill): Promise<void> {
    const name = this.nameOf(digest)
    const queue = new CasQueue<{ fill: Fill | undefined }>({
      read: () => server.read(name),
      decode: (item) => ({ fill: item && decodeFill(item) }),
      async write ({ fill }, item) {
        return (
          fill === undefined ||
          item === undefined ||
          server.put(name, encode(fill), LIFETIME, item)
        )
      }
    })
    await queue.add((state) => {
      state.fill &&= change(state.fill)
    })
  }
}

const isUnderWay = (fill: Fill | undefined, token: string): fill is Fill =>
  fill?.token === token && fill.end === undefined

// An item has what the fill waits for while it is in progress, and its span afterwards.
const encode = ({ token, end, waits, traceparent }: Fill) =>
  Buffer.from(JSON.stringify([token, end ?? '', ...traceparent === undefined ? waits : [traceparent]]))

export function decodeFill ({ value }: Item): Fill | undefined {
  const [token, end, ...rest] = parseStrings(value.toString())
  if (token === undefined) return undefined
  return end === 'done' || end === 'unshared' || end === 'failed'
    ? { token, end, waits: [], traceparent: rest[0] }
    : { token, end: undefined, waits: rest }
}
