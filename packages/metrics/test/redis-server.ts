import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { Redis, type RedisOptions } from 'ioredis'
import type { Test } from 'tap'

/** A real Redis that lives as long as the test. */
export interface RedisServer {
  /** Of its Unix socket: unlike a port, nobody can take it between the choice and the use. */
  readonly path: string
  /** A connected client with the options of a request path; ends with the test. */
  connect (options?: Pick<RedisOptions, 'commandTimeout' | 'retryStrategy'>): Promise<Redis>
  kill (): Promise<void>
  /** Begins anew, with nothing in it. */
  restart (): Promise<void>
  /** SIGSTOP and SIGCONT: connections stay open, nothing answers. */
  freeze (): void
  thaw (): void
}

export async function startRedis (t: Test): Promise<RedisServer> {
  // Under the system's folder: a socket's path may not be longer than 107 bytes.
  const dir = await mkdtemp(join(tmpdir(), 'weir-metrics-'))
  const path = join(dir, 'redis.sock')
  const start = () => spawn('redis-server', ['--port', '0', '--unixsocket', path, '--save', '', '--appendonly', 'no', '--dir', dir], {
    stdio: ['ignore', 'pipe', 'inherit']
  })
  let server = start()
  const kill = async () => {
    if (server.exitCode !== null || server.signalCode !== null) return
    const ended = once(server, 'exit')
    server.kill('SIGKILL')
    await ended
  }
  t.teardown(async () => {
    await kill()
    await rm(dir, { recursive: true, force: true })
  })
  await ready(server.stdout)
  return {
    path,
    kill,
    async restart () {
      await kill()
      server = start()
      await ready(server.stdout)
    },
    freeze: () => { server.kill('SIGSTOP') },
    thaw: () => { server.kill('SIGCONT') },
    async connect (options = {}) {
      const client = new Redis({
        path, lazyConnect: true, enableOfflineQueue: false, maxRetriesPerRequest: 0, retryStrategy: null, ...options
      })
      t.teardown(() => { client.disconnect() })
      // The commands that fail tell; without a listener a lost connection would be printed as well.
      client.on('error', () => {})
      await client.connect()
      return client
    }
  }
}

async function ready (stdout: NodeJS.ReadableStream): Promise<void> {
  const said: string[] = []
  let started = false
  for await (const line of createInterface({ input: stdout })) {
    said.push(line)
    started = /ready to accept connections/i.test(line)
    if (started) break
  }
  if (!started) throw new Error(`redis-server did not start:\n${said.join('\n')}`)
  // What it says later is read and dropped, or the pipe would fill up.
  stdout.resume()
}
