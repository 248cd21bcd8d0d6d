import { BoundedMap, type MemoryLimits } from './bounded-map.js'
import { headerOf } from './frame.js'

/** A decoded entry and the header of its frame. */
interface Decoded<E> {
  readonly header: string
  readonly length: number
  readonly entry: E
  readonly stamp: number
  readonly bytes: number
}

// Bytes of a header and its slot in the map.
const BOOKKEEPING = 180

/**
 * Entries decoded earlier, by frame: a frame that the store returns again is not parsed again.
 *
 * A frame is identified among those of its key by its header, which contains the stamp, times,
 * lengths and checksum.
 *
 * Decoded entries are not necessarily valid: each read checks Rule V, as for any entry from the
 * store.
 */
export class DecodedFrames<E extends { readonly stamp: number, readonly bytes: number }> {
  readonly #decoded: BoundedMap<Decoded<E>>

  constructor (limits: MemoryLimits) {
    this.#decoded = new BoundedMap(limits)
  }

  /** Returns the entry decoded from a frame of this key with the same header and length. */
  get (key: string, frame: Buffer): E | undefined {
    const decoded = this.#decoded.get(key)
    return decoded !== undefined &&
      decoded.length === frame.length &&
      decoded.header === headerOf(frame)
      ? decoded.entry
      : undefined
  }

  set (key: string, frame: Buffer, entry: E): void {
    const { stamp, bytes } = entry
    this.#decoded.set(key, {
      header: headerOf(frame),
      length: frame.length,
      entry,
      stamp,
      bytes: bytes + BOOKKEEPING
    })
  }

  /** Removes the key's entry unless its stamp is higher than `upTo`. */
  delete (key: string, upTo: number): void {
    this.#decoded.delete(key, upTo)
  }

  clear (): void {
    this.#decoded.clear()
  }
}
