import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { CacheEvents, CacheTraces } from '../index.js'

/** Calls `listener` for each message of the channel. The returned function unsubscribes. */
export function listen<E extends keyof CacheEvents> (
  name: E,
  listener: (message: CacheEvents[E]) => void
): () => void {
  // emit() ensures that the channel carries the type its name stands for.
  return on(name, (message) => {
    listener(message as CacheEvents[E])
  })
}

/** Calls the listeners when traced work starts and ends. The returned function unsubscribes. */
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
