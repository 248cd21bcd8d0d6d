import { randomBytes } from 'node:crypto'
import { script } from '@weir/internal'

/** KEYS: one in the slot of the channel. ARGV: channel, message. -> number of receivers */
export const ECHO = script(`
redis.call('UNLINK', KEYS[1])
return redis.call('SPUBLISH', ARGV[1], ARGV[2])`)

/** Publishes through a key in the channel's slot; resolves to the number of receivers. */
export type Publish = (key: string, channel: string, message: string) => Promise<unknown>

/**
 * The proof for a RESP2 connection, which accepts no commands while it listens.
 *
 * One script over the client's other connection makes a write that changes nothing, and publishes a
 * message to a separate channel. Redis delivers messages in the order of publishing, so once this
 * one is received, so are all earlier ones.
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

  /** Reports whether the message was one of its own. */
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
