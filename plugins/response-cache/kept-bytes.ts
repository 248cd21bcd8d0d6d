// One for all: memory of its own costs a microsecond, and work for the garbage collector.
const NOTHING = Buffer.alloc(0)

/** A copy of bytes that arrive in parts: an application may use its own buffers again. */
export class KeptBytes {
  #bytes: Buffer
  #length = 0

  /** @param expected how many bytes there are to be; 0: unknown */
  constructor (expected: number) {
    this.#bytes = expected === 0 ? NOTHING : Buffer.allocUnsafeSlow(expected)
  }

  get length (): number {
    return this.#length
  }

  /** All of them so far. */
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

  /** Parts that were returned before stay where they are. */
  #grow (size: number): void {
    const bytes = Buffer.allocUnsafeSlow(size)
    bytes.set(this.whole)
    this.#bytes = bytes
  }
}
