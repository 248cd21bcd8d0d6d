import { setTimeout } from 'node:timers/promises'
import { FILL_LEASE } from './renewed-lease.js'

// Milliseconds until the task is tried again, doubled each time.
const FIRST_PAUSE = 50

/**
 * Tries again until the task succeeds, or a fill lease has run out: the end of a lease is no news
 * then.
 */
export async function persistently<R> (task: () => Promise<R>): Promise<R> {
  const end = performance.now() + FILL_LEASE
  for (let pause = FIRST_PAUSE; ; pause *= 2) {
    try {
      return await task()
    } catch (error) {
      if (performance.now() + pause > end) throw error
      await setTimeout(pause, undefined, { ref: false })
    }
  }
}
