/** Latencies of reads, in ms. */
export class Latencies {
  readonly #all: number[] = []
  #slowest = { ms: -1, what: '' }

  /** Merges several of them. */
  static of (parts: readonly Latencies[]): Latencies {
    const whole = new Latencies()
    for (const part of parts) {
      whole.#all.push(...part.#all)
      if (part.#slowest.ms > whole.#slowest.ms) whole.#slowest = part.#slowest
    }
    return whole
  }

  /** @param what the read and its response, for the report */
  add (ms: number, what = ''): void {
    this.#all.push(ms)
    if (ms > this.#slowest.ms) this.#slowest = { ms, what }
  }

  get count (): number {
    return this.#all.length
  }

  /** The latency that this share of the reads did not exceed; 0 without reads. */
  quantile (share: number): number {
    const sorted = this.#all.toSorted((a, b) => a - b)
    return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0
  }

  get max (): number {
    return this.quantile(1)
  }

  /** Description of the slowest read; empty without reads. */
  get slowest (): string {
    return this.#slowest.what
  }

  /** Number of reads that took longer than `ms`. */
  above (ms: number): number {
    return this.#all.filter((one) => one > ms).length
  }
}
