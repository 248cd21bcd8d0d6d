import { freePort } from '#infra/bench/free-port.js'

const ATTEMPTS = 5

/**
 * For programs that cannot be asked to choose a port themselves: `start` gets one that was free a
 * moment ago and answers undefined if somebody else was faster, which is all that another port can
 * mend.
 */
export async function onFreePort<T> (start: (port: number) => Promise<T | undefined>): Promise<T> {
  for (let i = 0; i < ATTEMPTS; i++) {
    const started = await start(await freePort())
    if (started !== undefined) return started
  }
  throw new Error(`${ATTEMPTS} free ports in a row were taken by others before they could be used`)
}
