import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { Pool } from 'undici'
import { Child } from './child.js'
import type { Teardowns } from './teardowns.js'

/** The addresses at which instances reach the shared store. */
export interface Addresses {
  /** A URL of Redis or Postgres; empty for SQLite. */
  storeUrl (instance: number): string
}

/**
 * Command timeout of the instance, in ms. For some instances it is shorter than a slow link, so
 * that they go on without the store; for others longer, so that responses come late.
 */
const commandTimeout = (instance: number) => isPatient(instance) ? 1000 : 100

export const isPatient = (instance: number): boolean => instance % 2 === 1

export interface FleetOptions {
  /** The compiled program of an instance. */
  readonly program: string
  readonly processes: number
  readonly dataDir: string
  readonly addresses: Addresses
  /** Additional environment variables of each instance, by its index. */
  readonly environment?: (instance: number) => Readonly<Record<string, string>>
  /** Before the letters that are the instances' names. */
  readonly prefix?: string
}

/** One process of the service, and its replacements after kills. */
export class Instance {
  readonly name: string
  /** Resolves when it can be used: at once unless it is starting. */
  up: Promise<unknown> = Promise.resolve()
  #process: Child | undefined
  #pool: Pool | undefined

  constructor (
    readonly index: number,
    readonly options: FleetOptions,
    readonly teardowns: Teardowns,
    /** Called with its output if it ends without having been killed. */
    readonly onDeath: (said: string) => void
  ) {
    this.name = (options.prefix ?? '') + String.fromCharCode('a'.charCodeAt(0) + index)
  }

  /** Undefined while no process can be asked. */
  get pool (): Pool | undefined {
    return this.#pool
  }

  start (): Promise<void> {
    const started = this.#start()
    this.up = started
    return started
  }

  /** Kills it like a crash. */
  async kill (): Promise<void> {
    const [process, pool] = [this.#process, this.#pool]
    this.#process = this.#pool = undefined
    await Promise.all([process?.kill(), pool?.destroy()])
  }

  freeze (): void {
    this.#process?.freeze()
  }

  thaw (): void {
    this.#process?.thaw()
  }

  async #start (): Promise<void> {
    const { program: file, dataDir, addresses } = this.options
    const child = fork(file, [], {
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      env: {
        ...process.env,
        DATA_DIR: dataDir,
        INSTANCE: this.name,
        STORE_URL: addresses.storeUrl(this.index),
        COMMAND_TIMEOUT: String(commandTimeout(this.index)),
        ...this.options.environment?.(this.index)
      }
    })
    const started = new Child(this.teardowns, child)
    this.#process = started
    // The end of the run ends it from then on.
    this.teardowns.add(() => { this.#process = undefined })
    child.once('close', () => {
      if (this.#process === started) {
        this.onDeath(`instance ${this.name} ended by itself:\n${started.output}`)
      }
    })
    const port = await portOf(child, started)
    const pool = new Pool(`http://127.0.0.1:${port}`, {
      connections: 32,
      headersTimeout: 20_000,
      bodyTimeout: 20_000
    })
    this.teardowns.add(() => pool.destroy())
    this.#pool = pool
  }
}

async function portOf (child: ChildProcess, started: Child): Promise<number> {
  const ended = started.ended.then(() => {
    throw new Error(`an instance ended before it was ready:\n${started.output}`)
  })
  const [message] = await Promise.race([
    once(child, 'message') as Promise<[{ port?: number }]>,
    ended
  ])
  if (message.port === undefined) {
    throw new Error(`an instance said ${JSON.stringify(message)} instead of its port`)
  }
  return message.port
}

export async function startFleet (
  options: FleetOptions,
  teardowns: Teardowns,
  onDeath: (said: string) => void
): Promise<Instance[]> {
  const instances = Array.from(
    { length: options.processes },
    (_, i) => new Instance(i, options, teardowns, onDeath)
  )
  await Promise.all(instances.map((instance) => instance.start()))
  return instances
}
