import { setTimeout as delay } from 'node:timers/promises'

const LIMIT = 30_000
const EVERY = 50

/**
 * Polls servers until a condition holds that depends on their own clocks.
 * @param state description of the servers if it never holds
 * @throws Error after 30 s
 */
export async function until (
  what: string, holds: () => Promise<boolean>, state: () => Promise<string> = async () => ''
): Promise<void> {
  for (const end = performance.now() + LIMIT; !await holds();) {
    if (performance.now() > end) {
      throw new Error(`waited ${LIMIT} ms in vain: ${what}\n${await state()}`)
    }
    await delay(EVERY)
  }
}
