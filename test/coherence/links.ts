import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import type { Teardowns } from './teardowns.js'

/** `stalled`: nothing comes through, and nobody is told; it comes later. `cut`: connections end, and new ones too. */
export type LinkState = 'open' | 'stalled' | 'cut'

/** To the worker. */
export interface LinkOrder {
  readonly link: number
  readonly state: LinkState
}

/** What the worker says when its ports are there, one a link. */
export interface LinkReady {
  readonly ports: readonly number[]
}

/** The network between the instances and Redis: one link each, in a thread of its own. */
export class Links {
  private constructor (readonly worker: Worker, readonly ports: readonly number[]) {}

  static async start (teardowns: Teardowns, count: number, target: number): Promise<Links> {
    const worker = new Worker(new URL('link-worker.js', import.meta.url), { workerData: { count, target } })
    teardowns.add(() => worker.terminate())
    const [{ ports }] = await once(worker, 'message') as [LinkReady]
    return new Links(worker, ports)
  }

  set (link: number, state: LinkState): void {
    this.worker.postMessage({ link, state } satisfies LinkOrder)
  }
}
