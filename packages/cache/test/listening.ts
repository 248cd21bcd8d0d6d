import { subscribe, unsubscribe } from 'node:diagnostics_channel'

/** Resolves when `count` more instances have reported whether they receive all messages. */
export function listening (complete: boolean, count = 1): Promise<void> {
  return new Promise((resolve) => {
    const heard = (message: unknown) => {
      if (
        typeof message !== 'object' ||
        message === null ||
        !('complete' in message) ||
        message.complete !== complete
      ) { return }
      if (--count > 0) return
      unsubscribe('weir:cache:listen', heard)
      resolve()
    }
    subscribe('weir:cache:listen', heard)
  })
}
