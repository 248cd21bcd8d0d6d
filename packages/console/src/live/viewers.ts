import { Readable } from 'node:stream'
import { STATS_ERR_TOO_MANY_VIEWERS, STATS_ERR_VIEWER_LIMIT } from '../errors.js'

export interface ViewersOptions {
  /** The most that there may be. Default 100. */
  readonly most?: number
  /** The most of them that one client may be. Default 10. */
  readonly mostOfClient?: number
  /** Whoever has not read so many bytes is left behind. */
  readonly backlog?: number
}

/** Those who watch: a stream of Server-Sent Events for each, and all are sent the same. */
export class Viewers {
  readonly #most: number
  readonly #backlog: number
  readonly #mostOfClient: number
  /** The client of each stream. */
  readonly #streams = new Map<Readable, string>()
  #ended = false

  constructor ({ most = 100, mostOfClient = 10, backlog = 256 * 1024 }: ViewersOptions = {}) {
    this.#most = most
    this.#mostOfClient = mostOfClient
    this.#backlog = backlog
  }

  get count (): number { return this.#streams.size }

  /**
   * One more, who is told to come back after a second when the stream ends. Its place is free again
   * when the stream is closed.
   * @throws STATS_ERR_VIEWER_LIMIT, STATS_ERR_TOO_MANY_VIEWERS
   */
  add (client: string): Readable {
    if (this.#countOf(client) >= this.#mostOfClient) {
      throw inFiveSeconds(new STATS_ERR_VIEWER_LIMIT(this.#mostOfClient))
    }
    if (this.#streams.size >= this.#most) {
      throw inFiveSeconds(new STATS_ERR_TOO_MANY_VIEWERS(this.#streams.size))
    }
    const stream = new Readable({ read () {} })
    stream.push('retry: 1000\n\n')
    if (this.#ended) stream.push(null)
    else {
      this.#streams.set(stream, client)
      stream.once('close', () => { this.#streams.delete(stream) })
    }
    return stream
  }

  /**
   * Sends an event to all. Who is too slow is dropped: it comes back, and goes on with what is
   * then.
   */
  send (event: string, data: unknown): void {
    if (this.#streams.size === 0) return
    const text = Buffer.from(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`)
    for (const stream of this.#streams.keys()) {
      if (stream.readableLength + text.length > this.#backlog) stream.destroy()
      else stream.push(text)
    }
  }

  /** Ends all streams, and those of whoever comes yet. */
  end (): void {
    this.#ended = true
    for (const stream of this.#streams.keys()) stream.push(null)
  }

  #countOf (client: string): number {
    let count = 0
    for (const other of this.#streams.values()) if (other === client) count++
    return count
  }
}

const inFiveSeconds = (error: Error) => Object.assign(error, { headers: { 'retry-after': '5' } })
