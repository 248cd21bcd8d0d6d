import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { CacheEvents, CacheTraces } from '../index.js'

/** Calls `listener` for each message of the channel, until the function it returns is called. */
export function listen<E extends keyof CacheEvents> (
  name: E,
  listener: (message: CacheEvents[E]) => void
): () => void {
  // A channel carries what its name says: emit() checks that where it is sent.
  return on(name, (message) => {
    listener(message as CacheEvents[E])
  })
}

/** Calls the listeners when traced work starts and when it has ended, as `listen` does. */
export function listenTo<E extends keyof CacheTraces> (
  name: E, onStart: (trace: CacheTraces[E]) => void, onEnd: (trace: CacheTraces[E]) => void
): () => void {
  // The same holds for the channels of src/traces.ts.
  const stops = [
    on(`tracing:${name}:start`, (trace) => { onStart(trace as CacheTraces[E]) }),
    on(`tracing:${name}:asyncEnd`, (trace) => { onEnd(trace as CacheTraces[E]) })
  ]
  return () => { for (const stop of stops) stop() }
}

function on (name: string, listener: (message: unknown) => void): () => void {
  subscribe(name, listener)
  return () => { unsubscribe(name, listener) }
}
