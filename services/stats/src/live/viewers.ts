import { Readable } from 'node:stream'
import { STATS_ERR_TOO_MANY_VIEWERS } from '../errors.js'

export interface ViewersOptions {
  /** How many there may be. */
  readonly most?: number
  /** Whoever has not read so many bytes is left behind. */
  readonly backlog?: number
}

/** Those who watch: a stream of Server-Sent Events for each, and all are sent the same. */
export class Viewers {
  readonly #most: number
  readonly #backlog: number
  readonly #streams = new Set<Readable>()
  #ended = false

  constructor ({ most = 100, backlog = 256 * 1024 }: ViewersOptions = {}) {
    this.#most = most
    this.#backlog = backlog
  }

  get count (): number { return this.#streams.size }

  /**
   * One more, who is told to come back after a second when the stream ends.
   * @throws STATS_ERR_TOO_MANY_VIEWERS
   */
  add (): Readable {
    if (this.#streams.size >= this.#most) {
      throw Object.assign(new STATS_ERR_TOO_MANY_VIEWERS(this.#streams.size), { headers: { 'retry-after': '5' } })
    }
    const stream = new Readable({ read () {} })
    stream.push('retry: 1000\n\n')
    if (this.#ended) stream.push(null)
    else {
      this.#streams.add(stream)
      stream.once('close', () => { this.#streams.delete(stream) })
    }
    return stream
  }

  /** Sends an event to all. Who is too slow is dropped: it comes back, and goes on with what is then. */
  send (event: string, data: unknown): void {
    if (this.#streams.size === 0) return
    const text = Buffer.from(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`)
    for (const stream of this.#streams) {
      if (stream.readableLength + text.length > this.#backlog) stream.destroy()
      else stream.push(text)
    }
  }

  /** Ends all streams, and those of whoever comes yet. */
  end (): void {
    this.#ended = true
    for (const stream of this.#streams) stream.push(null)
  }
}
