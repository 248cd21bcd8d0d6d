import { Readable } from 'node:stream'
import { STATS_ERR_TOO_MANY_VIEWERS, STATS_ERR_VIEWER_LIMIT } from '../errors.js'

export interface ViewersOptions {
  /** Maximum number of viewers. Default 100. */
  readonly most?: number
  /** Maximum number of viewers per client. Default 10. */
  readonly mostOfClient?: number
  /** Bytes that a viewer may leave unread before it is disconnected. */
  readonly backlog?: number
}

/** The viewers of the live feed: one Server-Sent Events stream each, all with the same events. */
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
   * Adds a viewer, which is instructed to reconnect a second after its stream ends. Its place
   * becomes free when the stream closes.
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
   * Sends an event to all viewers. A viewer that is too slow is disconnected; it reconnects and
   * continues with current events.
   */
  send (event: string, data: unknown): void {
    if (this.#streams.size === 0) return
    const text = Buffer.from(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`)
    for (const stream of this.#streams.keys()) {
      if (stream.readableLength + text.length > this.#backlog) stream.destroy()
      else stream.push(text)
    }
  }

  /** Ends all streams, including those opened later. */
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
