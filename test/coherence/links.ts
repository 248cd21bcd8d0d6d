import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import type { Addresses } from './fleet.js'
import type { Teardowns } from './teardowns.js'

/**
 * `stalled`: nothing comes through and no error is reported; data arrives later. `slow`: everything
 * comes through, `SLOW` ms later in either direction. `cut`: connections end, new ones too.
 */
export type LinkState = 'open' | 'stalled' | 'slow' | 'cut'

export const SLOW = 80

/** The URL for an instance, by the port of its link. */
export type UrlOf = (instance: number, port: number) => string

/** Message to the worker. */
export interface LinkOrder {
  readonly link: number
  readonly state: LinkState
}

/** Message of the worker when its ports are open, one per link. */
export interface LinkReady {
  readonly ports: readonly number[]
}

/** The network between the instances and the store: a link per instance, in a thread of its own. */
export class Links implements Addresses {
  private constructor (
    readonly worker: Worker,
    readonly ports: readonly number[],
    readonly urlOf: UrlOf
  ) {}

  /** @param store listens on a port of 127.0.0.1 */
  static async start (
    teardowns: Teardowns,
    count: number,
    store: { readonly port: number; readonly urlOf: UrlOf }
  ): Promise<Links> {
    const worker = new Worker(new URL('link-worker.js', import.meta.url), {
      workerData: { count, target: store.port }
    })
    teardowns.add(() => worker.terminate())
    const [{ ports }] = (await once(worker, 'message')) as [LinkReady]
    return new Links(worker, ports, store.urlOf)
  }

  storeUrl (instance: number): string {
    return this.urlOf(instance, this.ports[instance] ?? 0)
  }

  set (link: number, state: LinkState): void {
    this.worker.postMessage({ link, state } satisfies LinkOrder)
  }
}
