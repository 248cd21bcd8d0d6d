import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import type { Teardowns } from '../teardowns.js'

/** A proxy in front of a port of a member. */
export interface Door {
  readonly member: string
  /** The port that the member listens on. */
  readonly target: number
  /** The port that it announces. */
  readonly port: number
}

/** Members by the loopback address that they connect from. */
export type Sources = Readonly<Record<string, string>>

/**
 * Manner of a cut. `silent`: nothing passes and no connection ends; data sent arrives later.
 * `reset`: connections end, new ones too.
 */
export type Manner = 'silent' | 'reset'

/** Message to the worker. */
export type NetworkOrder =
  | { readonly kind: 'split', readonly side: readonly string[], readonly manner: Manner }
  | { readonly kind: 'heal' }
  | { readonly kind: 'door', readonly member: string, readonly open: boolean }

/**
 * The network between instances, Redis servers and Sentinels: a proxy in front of each port.
 *
 * Every member announces its proxies' ports and connects from a loopback address of its own
 * (`bind-source-addr`; `source-address.ts` for instances), so a proxy knows both ends of each
 * connection. That needs no privileges, but a system with the whole of 127.0.0.0/8: Linux.
 */
export class Network {
  private constructor (readonly worker: Worker) {}

  /** Resolves when every door accepts connections. */
  static async start (
    teardowns: Teardowns, doors: readonly Door[], sources: Sources
  ): Promise<Network> {
    const workerData = { doors, sources }
    const worker = new Worker(new URL('network-worker.js', import.meta.url), { workerData })
    teardowns.add(() => worker.terminate())
    await once(worker, 'message')
    return new Network(worker)
  }

  /** Separates these members from all others. Only one cut at a time. */
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
