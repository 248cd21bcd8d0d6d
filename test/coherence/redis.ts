import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { Redis } from 'ioredis'
import { onFreePort } from '../support/free-port.js'
import { Child } from './child.js'
import type { Teardowns } from './teardowns.js'

/**
 * A user with exactly the rights that the store needs. Half of the instances log in as this user.
 */
export const USER = { name: 'weir', password: 'coherent' } as const

// The documented rights are the ones to test.
const README = readFileSync(new URL('../../../packages/cache/README.md', import.meta.url), 'utf8')
const RIGHTS = rightsIn(README)

/**
 * Rights that are withdrawn from the user for a while: each leaves another half of the protocol
 * working.
 */
const TAKEN = [
  '-evalsha',
  '-unlink',
  '-ssubscribe',
  '-spublish',
  '-zadd',
  '-get',
  'resetchannels'
] as const

/** The Redis that the instances share, and the faults that can be inflicted on it. */
export class TroubledRedis {
  /** Whether there is no memory for writes. */
  isFull = false
  readonly #admin: Redis
  readonly #start: () => Promise<Child | undefined>
  #server: Child

  private constructor (
    readonly port: number,
    readonly folder: string,
    server: Child,
    start: () => Promise<Child | undefined>,
    admin: Redis
  ) {
    this.#server = server
    this.#start = start
    this.#admin = admin
  }

  /** @param folder for its snapshots */
  static async start (teardowns: Teardowns, folder: string): Promise<TroubledRedis> {
    return onFreePort(async (port) => {
      const start = () => startServer(teardowns, port, folder)
      const server = await start()
      if (server === undefined) return undefined
      // Waits while Redis is down, and reconnects at once.
      const admin = new Redis(port, { maxRetriesPerRequest: null, retryStrategy: () => 20 })
      admin.on('error', () => {})
      teardowns.add(() => {
        admin.disconnect()
      })
      return new TroubledRedis(port, folder, server, start, admin)
    })
  }

  /** Every other instance logs in as the user with ACL rules. */
  readonly urlOf = (instance: number, port: number): string =>
    `redis://${instance % 2 === 1 ? `${USER.name}:${USER.password}@` : ''}127.0.0.1:${port}`

  async freeze (ms: number): Promise<void> {
    this.#server.freeze()
    try {
      await delay(ms)
    } finally {
      this.#server.thaw()
    }
  }

  /** Writes a snapshot, which Redis loads at the next start. */
  async save (): Promise<void> {
    await this.#admin.save()
  }

  /** Restarts it like after a crash: everything since the last snapshot is lost. */
  async restart (away: number): Promise<void> {
    await this.#server.kill()
    await delay(away)
    const server = await this.#start()
    if (server === undefined) throw new Error(`another process has taken port ${this.port}`)
    this.#server = server
    // The snapshot is used only once.
    await this.#forgetSnapshot()
  }

  async restartEmpty (away: number): Promise<void> {
    await this.#forgetSnapshot()
    await this.restart(away)
  }

  async flush (): Promise<void> {
    await this.#admin.flushall()
  }

  /** Deletes the records that decide the validity of every entry. */
  async deleteRecords (): Promise<void> {
    await this.#delete('*:tags')
  }

  /** Deletes only the records of replacements, as an eviction may. */
  async deleteReplacements (): Promise<void> {
    await this.#delete('*:replaced')
  }

  async #delete (pattern: string): Promise<void> {
    const keys = await this.#admin.keys(pattern)
    if (keys.length > 0) await this.#admin.del(...keys)
  }

  async killSubscribers (): Promise<void> {
    await this.#admin.call('CLIENT', 'KILL', 'TYPE', 'pubsub')
  }

  /**
   * Lowers the memory limit below the memory in use for a while: random keys are evicted, and some
   * commands are refused.
   */
  async evict (ms: number, bytesLess: number): Promise<void> {
    const used = Number(/used_memory:(\d+)/.exec(await this.#admin.info('memory'))?.[1])
    await this.#admin.config('SET', 'maxmemory-policy', 'allkeys-lru')
    await this.#admin.config('SET', 'maxmemory', Math.max(1, Math.round(used - bytesLess)))
    await delay(ms)
    await this.#admin.config('SET', 'maxmemory', 0)
  }

  /**
   * Leaves no memory for a while: no key is evicted, and any command that needs memory is refused.
   */
  async fill (ms: number): Promise<void> {
    const used = Number(/used_memory:(\d+)/.exec(await this.#admin.info('memory'))?.[1])
    await this.#admin.config('SET', 'maxmemory-policy', 'noeviction')
    await this.#admin.config('SET', 'maxmemory', Math.round(used / 2))
    this.isFull = true
    await delay(ms)
    this.isFull = false
    await this.#admin.config('SET', 'maxmemory', 0)
  }

  /** Withdraws rights from the user with ACL rules for a while. */
  async narrow (ms: number, pick: <T>(list: readonly T[]) => T): Promise<void> {
    await this.#admin.call('ACL', 'SETUSER', USER.name, pick(TAKEN))
    await delay(ms)
    await this.#admin.call('ACL', 'SETUSER', USER.name, ...RIGHTS)
  }

  /**
   * Number of members in the records and replacements of each namespace. Waits while Redis is down.
   */
  async recordCounts (): Promise<ReadonlyMap<string, number>> {
    const keys = (
      await Promise.all(['*:tags', '*:replaced'].map((pattern) => this.#admin.keys(pattern)))
    ).flat()
    return new Map(
      await Promise.all(keys.map(async (key) => [key, await this.#admin.zcard(key)] as const))
    )
  }

  #forgetSnapshot (): Promise<void> {
    return rm(join(this.folder, 'dump.rdb'), { force: true })
  }
}

/** Reads the rights of the user in the README's example, without the password. */
function rightsIn (readme: string): readonly string[] {
  const [, rights] = /ACL SETUSER weir on >PASSWORD (.+)/.exec(readme) ?? []
  if (rights === undefined) {
    throw new Error('the README of @weir/cache does not say what a user with ACL rules needs')
  }
  return rights.trim().split(' ')
}

/** Starts a server; undefined if another process has the port. */
async function startServer (
  teardowns: Teardowns,
  port: number,
  folder: string
): Promise<Child | undefined> {
  const server = new Child(
    teardowns,
    spawn(
      'redis-server',
      [
        '--port',
        String(port),
        '--bind',
        '127.0.0.1',
        '--dir',
        folder,
        '--save',
        '',
        '--appendonly',
        'no',
        '--logfile',
        '',
        '--user',
        USER.name,
        'on',
        `>${USER.password}`,
        ...RIGHTS
      ],
      { stdio: ['ignore', 'pipe', 'pipe'] }
    )
  )
  const line = await server.line(/Ready to accept connections|Address already in use/)
  return line.includes('Ready') ? server : undefined
}
