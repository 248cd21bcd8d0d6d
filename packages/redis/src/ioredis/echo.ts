import { randomBytes } from 'node:crypto'
import { script } from '@weir/internal'

/** KEYS: one in the slot of the channel. ARGV: channel, message. -> how many have heard it */
export const ECHO = script(`
redis.call('UNLINK', KEYS[1])
return redis.call('SPUBLISH', ARGV[1], ARGV[2])`)

/** Publishes by way of a key in the channel's slot; resolves to how many have heard it. */
export type Publish = (key: string, channel: string, message: string) => Promise<unknown>

/**
 * The proof for a connection in RESP2, which may not be asked for anything while it listens: a
 * write that changes nothing and a message to a channel of its own, by one script over the client's
 * other connection. Redis sends messages in the order in which they were published, so when this
 * one is heard, so are all before it.
 */
export class Echo {
  readonly #name = randomBytes(9).toString('base64url')
  readonly #subscriptions = new Map<string, Promise<unknown>>()
  readonly #awaited = new Map<string, () => void>()
  #sent = 0

  constructor (
    readonly subscribe: (channel: string) => Promise<unknown>,
    readonly publish: Publish
  ) {}

  /** Whether the message was one of its own. */
  heard (channel: string, message: string): boolean {
    if (!channel.endsWith(this.#name)) return false
    this.#awaited.get(message)?.()
    return true
  }

  async prove (channel: string): Promise<void> {
    const own = `${channel}:${this.#name}`
    let subscription = this.#subscriptions.get(own)
    if (subscription === undefined) {
      subscription = this.subscribe(own)
      this.#subscriptions.set(own, subscription)
    }
    await subscription
    const message = `${++this.#sent}`
    const heard = new Promise<void>((resolve) => {
      this.#awaited.set(message, resolve)
    })
    try {
      if (Number(await this.publish(channel, own, message)) === 0) {
        throw new Error('it is published elsewhere than it is listened to')
      }
      await heard
    } finally {
      this.#awaited.delete(message)
    }
  }
}
