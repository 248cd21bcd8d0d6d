import { setTimeout } from 'node:timers/promises'

/**
 * Resolves when every lease that an instance holds now has ended.
 *
 * After that, an instance that has not noticed a write has nothing left to trust. The wait is
 * slightly longer than a lease, because clocks run at slightly different speeds, and loops, because
 * timers may fire early.
 * @param lease milliseconds
 */
export async function waitForLeases (lease: number): Promise<void> {
  const wait = lease * 1.02 + 1
  const end = performance.now() + wait
  for (let left = wait; left > 0; left = end - performance.now()) await setTimeout(Math.ceil(left))
}
