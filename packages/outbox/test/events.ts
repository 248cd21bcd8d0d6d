import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { Test } from 'tap'
import type { OutboxEvents } from '../src/index.js'

/** Records the messages on a channel until the end of the test. */
export function record<E extends keyof OutboxEvents> (t: Test, name: E): OutboxEvents[E][] {
  const messages: OutboxEvents[E][] = []
  // emit() ensures that the channel carries the type its name stands for.
  const listen = (message: unknown) => { messages.push(message as OutboxEvents[E]) }
  subscribe(name, listen)
  t.teardown(() => { unsubscribe(name, listen) })
  return messages
}
