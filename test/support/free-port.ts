import { freePort } from '#infra/bench/free-port.js'

const ATTEMPTS = 5

/**
 * Starts a program that cannot choose a port itself: `start` gets a port that was free a moment
 * ago, and returns undefined if another process was faster, the only failure that another port can
 * fix.
 */
export async function onFreePort<T> (start: (port: number) => Promise<T | undefined>): Promise<T> {
  for (let i = 0; i < ATTEMPTS; i++) {
    const started = await start(await freePort())
    if (started !== undefined) return started
  }
  throw new Error(`${ATTEMPTS} free ports in a row were taken by others before they could be used`)
}
