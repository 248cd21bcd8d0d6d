import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { Test } from 'tap'
import type { OutboxEvents } from '../src/index.js'

/** The messages on one channel from now to the end of the test. */
export function record<E extends keyof OutboxEvents> (t: Test, name: E): OutboxEvents[E][] {
  const messages: OutboxEvents[E][] = []
  // A channel carries what its name says: emit() checks that where it is sent.
  const listen = (message: unknown) => { messages.push(message as OutboxEvents[E]) }
  subscribe(name, listen)
  t.teardown(() => { unsubscribe(name, listen) })
  return messages
}
