import { spawn } from 'node:child_process'
import { rm } from 'node:fs/promises'
import { Redis } from 'ioredis'
import { Child } from '../child.js'
import type { Teardowns } from '../teardowns.js'
import type { Network } from './network.js'

export interface ServerOptions {
  /** Name in the network. */
  readonly name: string
  /** Port it listens on, behind its proxy. */
  readonly port: number
  /** Port of its proxy, which other members use. */
  readonly door: number
  readonly args: readonly string[]
  readonly network: Network
}

/** A redis-server or Sentinel that can be killed, stopped and restarted. */
export class Server {
  readonly name: string
  readonly door: number
  readonly port: number
  /** The test's own connection, past the proxy. Waits while the server is down. */
  readonly control: Redis
  /** Whether it answers: neither killed nor stopped. */
  isUp = false
  readonly #options: ServerOptions
  readonly #teardowns: Teardowns
  #child: Child | undefined

  constructor (teardowns: Teardowns, options: ServerOptions) {
    this.#options = options
    this.#teardowns = teardowns
    this.name = options.name
    this.door = options.door
    this.port = options.port
    this.control = new Redis(options.port, {
      lazyConnect: true, maxRetriesPerRequest: null, retryStrategy: () => 20
    })
    this.control.on('error', () => {})
    teardowns.add(() => { this.control.disconnect() })
  }

  async start (): Promise<void> {
    const { args, network } = this.#options
    const child = spawn('redis-server', args, { stdio: ['ignore', 'pipe', 'pipe'] })
    const started = new Child(this.#teardowns, child)
    this.#child = started
    const ended = started.ended.then(() => {
      throw new Error(`${this.name} ended before it answered:\n${started.output}`)
    })
    await Promise.race([this.control.ping(), ended])
    ended.catch(() => {})
    network.setOpen(this.name, true)
    this.isUp = true
  }

  /** Kills it like a crash. */
  async kill (): Promise<void> {
    this.isUp = false
    this.#options.network.setOpen(this.name, false)
    await this.#child?.kill()
  }

  /** Stops it (SIGSTOP): connections stay open, nothing answers. */
  stop (): void {
    this.isUp = false
    this.#child?.freeze()
  }

  continue (): void {
    this.#child?.thaw()
    this.isUp = true
  }

  /** Reads a section of INFO. */
  info (section: string): Promise<string> {
    return this.control.info(section)
  }
}

/** Removes a file or folder, if it exists. */
export const forget = (path: string) => rm(path, { force: true, recursive: true })
