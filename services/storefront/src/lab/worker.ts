// Program of the lab's thread: see LabWorker.
import { parentPort } from 'node:worker_threads'
import { type Work } from './load.js'
import { WORK } from './work.js'

/** Job as received by the thread. */
export interface Order {
  readonly id: number
  readonly work: Work
}

/** Result of a job. */
export interface Delivery {
  readonly id: number
  readonly value: string
  /** Milliseconds that computing it took. */
  readonly ms: number
}

parentPort?.on('message', ({ id, work }: Order) => {
  const compute = WORK[work]()
  const began = performance.now()
  const value = compute()
  parentPort?.postMessage({ id, value, ms: performance.now() - began } satisfies Delivery)
})
