import { setTimeout } from 'node:timers/promises'

/**
 * Resolves when every lease that an instance holds now has ended: an instance that has not noticed
 * a write by then has nothing left to trust. A little longer than a lease, for clocks that do not
 * run quite alike; in a loop, because timers may fire early.
 * @param lease milliseconds
 */
export async function waitForLeases (lease: number): Promise<void> {
  const wait = lease * 1.02 + 1
  const end = performance.now() + wait
  for (let left = wait; left > 0; left = end - performance.now()) await setTimeout(Math.ceil(left))
}
