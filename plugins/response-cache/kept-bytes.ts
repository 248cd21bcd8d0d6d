// One instance for all: separate memory costs a microsecond, and garbage collection.
const NOTHING = Buffer.alloc(0)

/** Copy of bytes that arrive in parts, because an application may reuse its own buffers. */
export class KeptBytes {
  #bytes: Buffer
  #length = 0

  /** @param expected total number of bytes; 0: unknown */
  constructor (expected: number) {
    this.#bytes = expected === 0 ? NOTHING : Buffer.allocUnsafeSlow(expected)
  }

  get length (): number {
    return this.#length
  }

  /** All bytes so far. */
  get whole (): Buffer {
    return this.#bytes.subarray(0, this.#length)
  }

  /** Adds a part and returns its copy. */
  add (part: Buffer): Buffer {
    const length = this.#length + part.length
    if (length > this.#bytes.length) this.#grow(Math.max(length, this.#bytes.length * 2))
    this.#bytes.set(part, this.#length)
    const copy = this.#bytes.subarray(this.#length, length)
    this.#length = length
    return copy
  }

  /** Grows the buffer; parts that were returned before stay in the old memory. */
  #grow (size: number): void {
    const bytes = Buffer.allocUnsafeSlow(size)
    bytes.set(this.whole)
    this.#bytes = bytes
  }
}
