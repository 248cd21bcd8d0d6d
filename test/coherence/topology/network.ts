import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import type { Teardowns } from '../teardowns.js'

/** A proxy before a port of a member of the network. */
export interface Door {
  readonly member: string
  /** The port that the member listens on. */
  readonly target: number
  /** The port that it announces. */
  readonly port: number
}

/** Members by the loopback address they connect from. */
export type Sources = Readonly<Record<string, string>>

/**
 * Manner of a cut. `silent`: nothing passes and no connection ends; what was sent arrives later.
 * `reset`: connections end, and new ones too.
 */
export type Manner = 'silent' | 'reset'

/** Order to the worker. */
export type NetworkOrder =
  | { readonly kind: 'split', readonly side: readonly string[], readonly manner: Manner }
  | { readonly kind: 'heal' }
  | { readonly kind: 'door', readonly member: string, readonly open: boolean }

/**
 * The network between instances, Redis servers and Sentinels: a proxy before each port.
 *
 * Every member announces its proxies' ports and connects from a loopback address of its own
 * (`bind-source-addr`; `source-address.ts` for instances), so a proxy knows both ends of each
 * connection. That needs no privileges, but a system that has all of 127.0.0.0/8: Linux.
 */
export class Network {
  private constructor (readonly worker: Worker) {}

  /** Resolves when every door can be knocked at. */
  static async start (
    teardowns: Teardowns, doors: readonly Door[], sources: Sources
  ): Promise<Network> {
    const workerData = { doors, sources }
    const worker = new Worker(new URL('network-worker.js', import.meta.url), { workerData })
    teardowns.add(() => worker.terminate())
    await once(worker, 'message')
    return new Network(worker)
  }

  /** Separates these members from all others. One cut at a time. */
  split (side: readonly string[], manner: Manner = 'silent'): void {
    this.#order({ kind: 'split', side, manner })
  }

  heal (): void {
    this.#order({ kind: 'heal' })
  }

  /** Refuses connections to a member that is down, as its own port would. */
  setOpen (member: string, open: boolean): void {
    this.#order({ kind: 'door', member, open })
  }

  #order (order: NetworkOrder): void {
    this.worker.postMessage(order)
  }
}
