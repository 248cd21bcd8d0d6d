import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { Test } from 'tap'
import type { CacheEvents } from '../src/index.js'

/** Records the messages on a channel until the end of the test. */
export function record<E extends keyof CacheEvents> (t: Test, name: E): CacheEvents[E][] {
  const messages: CacheEvents[E][] = []
  // emit() ensures that the channel carries the type its name stands for.
  const listen = (message: unknown) => { messages.push(message as CacheEvents[E]) }
  subscribe(name, listen)
  t.teardown(() => { unsubscribe(name, listen) })
  return messages
}

/** Resolves with the next message on the channel. */
export function next<E extends keyof CacheEvents> (t: Test, name: E): Promise<CacheEvents[E]> {
  return new Promise((resolve) => {
    const listen = (message: unknown) => { resolve(message as CacheEvents[E]) }
    subscribe(name, listen)
    t.teardown(() => { unsubscribe(name, listen) })
  })
}
