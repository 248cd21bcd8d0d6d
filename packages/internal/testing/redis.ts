import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis, type RedisOptions } from 'ioredis'
import { freePort } from './free-ports.js'
import { ServerProcess } from './server.js'

/** The part of a test that cleans up. */
export interface Teardown {
  teardown (end: () => unknown): void
}

/** Options of {@link startRedis}. */
export interface TestRedisOptions {
  /** Whether to leave it stopped at first. Default `false`. */
  readonly absent?: boolean
  /** Appended to the arguments. */
  readonly args?: readonly string[]
  /** Replaces the arguments; receives its own folder. `port` goes with it. */
  readonly configure?: (dir: string) => Promise<readonly string[]>
  readonly port?: number
}

/** Options of ioredis that tests change. */
export type ConnectOptions = Pick<
  RedisOptions,
  'commandTimeout' | 'retryStrategy' | 'socketTimeout' | 'enableAutoPipelining'
>

/** A real Redis or Sentinel that lives as long as the test. Starts empty and keeps nothing. */
export interface TestRedis {
  /** Path of its Unix socket. */
  readonly path: string
  readonly port: number
  /** `redis://127.0.0.1:PORT` */
  readonly url: string
  /**
   * Starts it, at first or after `kill`, at the same address, from its last snapshot if SAVE has
   * written one.
   */
  start (): Promise<void>
  /** Kills it without notifying its clients. */
  kill (): Promise<void>
  /** `kill`, then `start`. */
  restart (): Promise<void>
  /** SIGSTOP and SIGCONT: connections stay open, nothing answers. */
  freeze (): void
  thaw (): void
  /**
   * Returns a connected client with options suited to requests that does not reconnect; closed
   * after the test.
   */
  connect (options?: ConnectOptions): Promise<Redis>
}

const ATTEMPTS = 5

/**
 * Starts a Redis on a free port and a Unix socket.
 * @example
 * const server = await startRedis(t)
 * const client = await server.connect({ commandTimeout: 100 })
 */
export async function startRedis (t: Teardown, options: TestRedisOptions = {}): Promise<TestRedis> {
  // The system's temporary folder: a socket path has at most 107 bytes.
  const dir = await mkdtemp(join(tmpdir(), 'weir-redis-'))
  const path = join(dir, 'redis.sock')
  const { port, server } = await started(dir, path, options)
  t.teardown(async () => {
    await server.kill()
    await rm(dir, { recursive: true, force: true })
  })
  return {
    path,
    port,
    url: `redis://127.0.0.1:${port}`,
    start: () => server.start(),
    kill: () => server.kill(),
    async restart () {
      await server.kill()
      await server.start()
    },
    freeze: () => { server.signal('SIGSTOP') },
    thaw: () => { server.signal('SIGCONT') },
    async connect (options = {}) {
      const client = new Redis({
        path,
        lazyConnect: true,
        enableOfflineQueue: false,
        maxRetriesPerRequest: 0,
        retryStrategy: null,
        ...options
      })
      t.teardown(() => { client.disconnect() })
      // Failing commands report errors; without a listener a lost connection would be printed as
      // well.
      client.on('error', () => {})
      await client.connect()
      return client
    }
  }
}

/** Starts it, on another port if the free one has been taken. */
async function started (
  dir: string,
  path: string,
  options: TestRedisOptions
): Promise<{ port: number; server: ServerProcess }> {
  const { absent = false, args = [], configure } = options
  for (let attempt = 1; ; attempt++) {
    const port = options.port ?? (await freePort())
    const server = new ServerProcess(
      (await configure?.(dir)) ?? [
        '--port',
        `${port}`,
        '--bind',
        '127.0.0.1',
        '--unixsocket',
        path,
        '--dir',
        dir,
        '--save',
        '',
        '--appendonly',
        'no',
        ...args
      ]
    )
    try {
      if (!absent) await server.start()
      return { port, server }
    } catch (error) {
      const isTaken = error instanceof Error && error.message.includes('Address already in use')
      if (!isTaken || options.port !== undefined || attempt === ATTEMPTS) {
        await rm(dir, { recursive: true, force: true })
        throw error
      }
    }
  }
}
