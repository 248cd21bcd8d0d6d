import { added, numberOf, takingOver } from '../../counter-frame.js'
import { isNews, stampOf } from '../../frame.js'
import { isSeen } from '../../frame-version.js'
import type { Claim, Entries, FillId, FrameId, FrameVersion, Swapped } from '../../store.js'
import type { Stamp } from '../../validity.js'
import { nextToken } from '../fill-token.js'
import { RenewedLease } from '../renewed-lease.js'
import { CasQueue } from './cas-queue.js'
import { decodeFill, Fills, LASTS } from './fills.js'
import { decodeItem, encodeItem, lifetimeUntil } from './items.js'
import type { Records } from './records.js'
import type { Item } from './server.js'
import { isDigest, type Location, type Servers } from './servers.js'

/** The new content of a key. */
interface Slot {
  live: { readonly frame: Buffer, readonly end: number } | undefined
  isChanged: boolean
}

/** A namespace's frames, each in an item on the key's server, and the leases to fill them. */
export class MemcachedEntries implements Entries {
  readonly #fills: Fills
  readonly #slots = new Map<string, CasQueue<Slot>>()

  /** @param fillStamp issues a fill's stamp, not below that of the frame it will replace */
  constructor (
    readonly servers: Servers,
    readonly prefix: string,
    readonly namespace: string,
    readonly records: Records,
    readonly fillStamp: (above: Stamp) => Promise<Stamp>
  ) {
    this.#fills = new Fills(prefix)
  }

  async get (keys: readonly string[]) {
    return Promise.all(
      keys.map(async (key) => {
        const location = this.#locate(key)
        return (await this.#live(await location.server.read(this.#nameOf(location))))?.frame
      })
    )
  }

  async set (key: string, frame: Buffer, ttl: number) {
    const end = endAfter(ttl)
    await this.#change(key, (slot) => {
      if (slot.live === undefined || stampOf(slot.live.frame) <= stampOf(frame)) {
        put(slot, { frame, end })
      }
    })
  }

  async delete (key: string, upTo?: Stamp) {
    await this.#change(key, (slot) => {
      if (slot.live !== undefined && (upTo === undefined || stampOf(slot.live.frame) <= upTo)) {
        put(slot, undefined)
      }
    })
  }

  swap (key: string, seen: FrameVersion | undefined, frame: Buffer | undefined, ttl: number) {
    const end = endAfter(ttl)
    return this.#change(key, (slot): Swapped | undefined => {
      const present = slot.live?.frame
      if (!isSeen(present, seen)) return undefined
      const number = present && numberOf(present)
      put(slot, frame && { frame: takingOver(frame, seen, number), end })
      return { number }
    })
  }

  increment (key: string, seen: FrameVersion, by: number) {
    return this.#change(key, (slot) => {
      const { live } = slot
      const sum =
        live !== undefined && isSeen(live.frame, seen) ? added(live.frame, by) : undefined
      if (live !== undefined && sum?.frame !== undefined) {
        put(slot, { frame: sum.frame, end: live.end })
      }
      return sum?.number
    })
  }

  async claim (key: string, seen?: FrameId): Promise<Claim> {
    const location = this.#locate(key)
    const [entry, fill] = [this.#nameOf(location), this.#fills.nameOf(location.digest)]
    for (;;) {
      // The fill is read before the entry: if the entry is missing, no fill that had already ended
      // stored it.
      const items = await location.server.gets([fill, entry])
      const frame = (await this.#live(items.get(entry)))?.frame
      if (frame !== undefined && isNews(frame, seen)) return { kind: 'found', frame }
      const before = items.get(fill)
      const present = before && decodeFill(before)
      if (present !== undefined && present.end === undefined) {
        const { token } = present
        let traceparent: string | undefined
        const ended = this.#fills.ended(location, token).then((outcome) => {
          ({ traceparent } = outcome)
          return outcome.end
        })
        return {
          kind: 'held',
          ended,
          fill: `${token} ${location.digest}`,
          traceparent: () => traceparent
        }
      }
      const lease = await this.#begin(key, location, before, seen?.stamp ?? 0)
      if (lease !== undefined) return { kind: 'granted', lease }
    }
  }

  async waitsOf (fill: FillId) {
    const [token = '', digest = ''] = fill.split(' ')
    return isDigest(digest) ? this.#fills.waitsOf(this.servers.located(digest), token) : []
  }

  async #begin (
    key: string,
    location: Location,
    before: Item | undefined,
    above: Stamp
  ): Promise<RenewedLease | undefined> {
    const token = nextToken()
    const fills = this.#fills
    try {
      const [begun, stamp] = await Promise.all([
        fills.begin(location, token, before),
        this.fillStamp(above)
      ])
      if (begun === undefined) return undefined
      return new RenewedLease(`${token} ${location.digest}`, stamp, {
        lifetime: LASTS,
        renew: () => fills.renew(location, token),
        release: (how, traceparent) => fills.end(location, token, { end: how, traceparent }, begun),
        store: async (frame, ttl, traceparent) => {
          await this.set(key, frame, ttl)
          await fills.end(location, token, { end: 'done', traceparent }, begun)
        },
        setWaits: (waits) => fills.setWaits(location, token, waits)
      })
    } catch (error) {
      // A command that timed out may still be executed, and others would then wait for the lease to
      // expire.
      fills.end(location, token, { end: 'done' }).catch(() => {})
      throw error
    }
  }

  /** Returns the frame in an item if it is of this epoch and has not expired. */
  async #live (item: Item | undefined) {
    const stored = item && decodeItem(item.value)
    if (stored === undefined || !(await this.records.isOfEpoch(stored.epoch))) return undefined
    this.records.see(stampOf(stored.frame))
    return stored
  }

  /** Changes of a key by this process run in sequence; all that are waiting share a write. */
  #change<R>(key: string, change: (slot: Slot) => R): Promise<R> {
    const location = this.#locate(key)
    const { digest } = location
    let slots = this.#slots.get(digest)
    if (slots === undefined) {
      slots = this.#slotOf(location)
      this.#slots.set(digest, slots)
    }
    return slots.add(change)
  }

  #slotOf (location: Location): CasQueue<Slot> {
    const { server, digest } = location
    const name = this.#nameOf(location)
    return new CasQueue<Slot>(
      {
        read: () => server.read(name),
        decode: async (item) => ({ live: await this.#live(item), isChanged: false }),
        write: async ({ live, isChanged }, item) => {
          if (!isChanged) return true
          if (live === undefined) {
            return item === undefined || server.put(name, Buffer.alloc(0), ENDED, item)
          }
          this.records.see(stampOf(live.frame))
          const bytes = encodeItem({ ...live, epoch: await this.#epoch() })
          return server.put(name, bytes, lifetimeUntil(live.end), item)
        }
      },
      () => {
        this.#slots.delete(digest)
      }
    )
  }

  async #epoch (): Promise<string> {
    if (this.records.known.epoch === undefined) await this.records.look()
    return this.records.known.epoch ?? ''
  }

  #locate (key: string): Location {
    return this.servers.locate(this.namespace, key)
  }

  #nameOf ({ digest }: Location): string {
    return `${this.prefix}:e:${digest}`
  }
}

// Expiration in the protocol: the item expires at once.
const ENDED = -1

const endAfter = (ttl: number) => Date.now() + Math.max(1, ttl)

function put (slot: Slot, live: Slot['live']): void {
  slot.live = live
  slot.isChanged = true
}
