import { setTimeout } from 'node:timers/promises'
import { FILL_LEASE } from './renewed-lease.js'

// Milliseconds until the first retry, doubled each time.
const FIRST_PAUSE = 50

/**
 * Retries until the task succeeds or a fill lease has expired: after that, the end of the lease is
 * no longer news.
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
