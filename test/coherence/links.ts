import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import type { Addresses } from './fleet.js'
import { USER } from './redis.js'
import type { Teardowns } from './teardowns.js'

/**
 * `stalled`: nothing comes through, and nobody is told; it comes later. `slow`: all comes through, `SLOW` ms later in either direction.
 * `cut`: connections end, and new ones too.
 */
export type LinkState = 'open' | 'stalled' | 'slow' | 'cut'

export const SLOW = 80

/** Whether an instance logs in as the user with rules. */
export const hasRules = (instance: number): boolean => instance % 2 === 1

/** To the worker. */
export interface LinkOrder {
  readonly link: number
  readonly state: LinkState
}

/** What the worker says when its ports are there, one a link. */
export interface LinkReady {
  readonly ports: readonly number[]
}

/** The network between the instances and Redis: one link each, in a thread of its own. Every other instance is a user with rules. */
export class Links implements Addresses {
  private constructor (readonly worker: Worker, readonly ports: readonly number[]) {}

  static async start (teardowns: Teardowns, count: number, target: number): Promise<Links> {
    const worker = new Worker(new URL('link-worker.js', import.meta.url), { workerData: { count, target } })
    teardowns.add(() => worker.terminate())
    const [{ ports }] = await once(worker, 'message') as [LinkReady]
    return new Links(worker, ports)
  }

  redisUrl (instance: number): string {
    const login = hasRules(instance) ? `${USER.name}:${USER.password}@` : ''
    return `redis://${login}127.0.0.1:${this.ports[instance]}`
  }

  set (link: number, state: LinkState): void {
    this.worker.postMessage({ link, state } satisfies LinkOrder)
  }
}
