import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import type { Test } from 'tap'

/** The location of a store, for another process that opens it. */
export type Place =
  | { readonly kind: 'sqlite'; readonly file: string }
  | { readonly kind: 'memcached'; readonly servers: readonly string[] }
  | {
    readonly kind: 'redis'
    readonly path: string
    readonly prefix?: string
    readonly login?: Login
  }
  | { readonly kind: 'postgres'; readonly url: string; readonly prefix: string }
  | {
    readonly kind: 'redis-cluster'
    readonly addresses: readonly { readonly host: string; readonly port: number }[]
  }

interface Login { readonly username: string, readonly password: string }

type Value = { readonly key: string, readonly value: string, readonly tags: readonly string[] }

/** Operations of an instance in another process: argument and answer. */
export interface Operation {
  get: [key: string, value: string | null]
  set: [Value, stored: boolean]
  remember: [Value, value: string]
  /** Begins a fill that never ends, and reports its start. */
  fillForever: [key: string, void]
  /** Number of runs of the function passed to `remember`. */
  fills: [undefined, count: number]
  invalidate: [tags: readonly string[], void]
  delete: [key: string, void]
  clear: [undefined, void]
  stamp: [undefined, stamp: number]
  /** Opens another SQLite file and closes it. */
  openFile: [file: string, stamp: number]
  /** Writes endlessly; does not answer. */
  writeForever: [undefined, never]
}

export interface Call {
  readonly id: number
  readonly operation: keyof Operation
  readonly argument: unknown
}
/** Id 0: an unsolicited message, initially 'ready'. */
export interface Reply { readonly id: number, readonly value?: unknown, readonly error?: string }

/** A cache in another process, over the same store. Ends with the test. */
export class InstanceProcess {
  readonly #child: ChildProcess
  readonly #waiting = new Map<
    number,
    { resolve: (value: unknown) => void; reject: (error: Error) => void }
  >()

  readonly #exited: Promise<unknown>
  #calls = 0

  constructor (t: Test, place: Place, namespace: string) {
    this.#child = fork(new URL('instance.js', import.meta.url), [
      JSON.stringify({ place, namespace })
    ])
    this.#exited = once(this.#child, 'exit')
    this.#child.on('message', (reply: Reply) => {
      this.#settle(reply)
    })
    this.#child.once('exit', (code, signal) => {
      for (const { reject } of this.#waiting.values()) {
        reject(new Error(`the process ended: ${code ?? signal}`))
      }
    })
    t.teardown(async () => {
      if (this.#child.connected) this.#child.disconnect()
      await this.#exited
    })
  }

  /** Resolves with the next unsolicited message. */
  said (): Promise<unknown> {
    return this.#answer(0)
  }

  call<K extends keyof Operation>(
    operation: K,
    argument: Operation[K][0]
  ): Promise<Operation[K][1]> {
    const call: Call = { id: ++this.#calls, operation, argument }
    this.#child.send(call)
    // The process runs this file's Operation.
    return this.#answer(call.id) as Promise<Operation[K][1]>
  }

  async kill (): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.#exited
  }

  #answer (id: number): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject })
    })
  }

  #settle ({ id, value, error }: Reply) {
    const waiting = this.#waiting.get(id)
    this.#waiting.delete(id)
    if (error === undefined) waiting?.resolve(value)
    else waiting?.reject(new Error(error))
  }
}

/** Starts an instance and waits until it has opened its store. */
export async function startInstance (
  t: Test,
  place: Place,
  namespace: string
): Promise<InstanceProcess> {
  const instance = new InstanceProcess(t, place, namespace)
  await instance.said()
  return instance
}
