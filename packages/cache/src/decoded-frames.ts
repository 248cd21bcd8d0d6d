import { BoundedMap, type MemoryLimits } from './bounded-map.js'
import { headerOf } from './frame.js'

/** An entry as it was decoded, and what its frame began with. */
interface Decoded<E> {
  readonly header: string
  readonly length: number
  readonly entry: E
  readonly stamp: number
  readonly bytes: number
}

// Bytes that a header and its place in the map take.
const BOOKKEEPING = 180

/**
 * Entries decoded before, by the frames they came in: what a read of the store brings again is
 * neither checked nor parsed again. A frame is told from all others of its key by its header, which
 * has its stamp, its times, its lengths and the checksum of all of it.
 *
 * It says nothing about validity: its entries are judged at every read, as any that the store
 * gives.
 */
export class DecodedFrames<E extends { readonly stamp: number, readonly bytes: number }> {
  readonly #decoded: BoundedMap<Decoded<E>>

  constructor (limits: MemoryLimits) {
    this.#decoded = new BoundedMap(limits)
  }

  /** The entry that was decoded from a frame of this key with the same header and as many bytes. */
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

  /** Forgets the key's entry, unless it has a higher stamp than `upTo`. */
  delete (key: string, upTo: number): void {
    this.#decoded.delete(key, upTo)
  }

  clear (): void {
    this.#decoded.clear()
  }
}
