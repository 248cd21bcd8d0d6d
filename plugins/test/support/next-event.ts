import { subscribe, unsubscribe } from 'node:diagnostics_channel'

/** Resolves at the engine's next event of the kind. */
export function nextEvent (event: 'store' | 'invalidate'): Promise<void> {
  return new Promise((resolve) => {
    const name = `weir:cache:${event}`
    const listener = () => {
      unsubscribe(name, listener)
      resolve()
    }
    subscribe(name, listener)
  })
}
