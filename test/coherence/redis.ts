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
 * A user who may do what the store needs, and nothing else. Half of the instances log in as this
 * one.
 */
export const USER = { name: 'weir', password: 'coherent' } as const

// What the documentation says is what is tried.
const README = readFileSync(new URL('../../../packages/cache/README.md', import.meta.url), 'utf8')
const RIGHTS = rightsIn(README)

/**
 * What is taken away from the user for a while: each leaves another half of the protocol working.
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

/** The Redis that the instances share, and all that can be done to it. */
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

  /** @param folder where its snapshots are */
  static async start (teardowns: Teardowns, folder: string): Promise<TroubledRedis> {
    return onFreePort(async (port) => {
      const start = () => startServer(teardowns, port, folder)
      const server = await start()
      if (server === undefined) return undefined
      // It waits while Redis is away, and is back at once.
      const admin = new Redis(port, { maxRetriesPerRequest: null, retryStrategy: () => 20 })
      admin.on('error', () => {})
      teardowns.add(() => {
        admin.disconnect()
      })
      return new TroubledRedis(port, folder, server, start, admin)
    })
  }

  /** Every other instance is a user with rules. */
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

  /** Writes a snapshot, from which Redis begins if it is started again. */
  async save (): Promise<void> {
    await this.#admin.save()
  }

  /** As a crash. Nothing since the last snapshot is there again. */
  async restart (away: number): Promise<void> {
    await this.#server.kill()
    await delay(away)
    const server = await this.#start()
    if (server === undefined) throw new Error(`somebody else has taken port ${this.port}`)
    this.#server = server
    // The snapshot is for one time only.
    await this.#forgetSnapshot()
  }

  async restartEmpty (away: number): Promise<void> {
    await this.#forgetSnapshot()
    await this.restart(away)
  }

  async flush (): Promise<void> {
    await this.#admin.flushall()
  }

  /** Deletes what every entry is judged by. */
  async deleteRecords (): Promise<void> {
    await this.#delete('*:tags')
  }

  /** Deletes the records of replacements alone, as an eviction may. */
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
   * For a time there is less memory than is in use: some keys go, whichever, and some commands are
   * refused.
   */
  async evict (ms: number, bytesLess: number): Promise<void> {
    const used = Number(/used_memory:(\d+)/.exec(await this.#admin.info('memory'))?.[1])
    await this.#admin.config('SET', 'maxmemory-policy', 'allkeys-lru')
    await this.#admin.config('SET', 'maxmemory', Math.max(1, Math.round(used - bytesLess)))
    await delay(ms)
    await this.#admin.config('SET', 'maxmemory', 0)
  }

  /** For a time there is no memory: no key goes, and whatever could need some is refused. */
  async fill (ms: number): Promise<void> {
    const used = Number(/used_memory:(\d+)/.exec(await this.#admin.info('memory'))?.[1])
    await this.#admin.config('SET', 'maxmemory-policy', 'noeviction')
    await this.#admin.config('SET', 'maxmemory', Math.round(used / 2))
    this.isFull = true
    await delay(ms)
    this.isFull = false
    await this.#admin.config('SET', 'maxmemory', 0)
  }

  /** For a time the user with rules may do less. */
  async narrow (ms: number, pick: <T>(list: readonly T[]) => T): Promise<void> {
    await this.#admin.call('ACL', 'SETUSER', USER.name, pick(TAKEN))
    await delay(ms)
    await this.#admin.call('ACL', 'SETUSER', USER.name, ...RIGHTS)
  }

  /**
   * How many members the records and the replacements of each namespace have. Waits while Redis is
   * away.
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

/** Of the user in the example of the README, without the password. */
function rightsIn (readme: string): readonly string[] {
  const [, rights] = /ACL SETUSER weir on >PASSWORD (.+)/.exec(readme) ?? []
  if (rights === undefined) {
    throw new Error('the README of @weir/cache does not say what a user with ACL rules needs')
  }
  return rights.trim().split(' ')
}

/** Undefined if somebody else has the port. */
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
