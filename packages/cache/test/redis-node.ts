import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { Redis } from 'ioredis'
import type { Test } from 'tap'

/** A Redis that others find by its address: a node of a cluster, or one that Sentinel watches, or a Sentinel. */
export interface RedisNode {
  readonly port: number
  /** For what the test itself asks of it; is there as soon as it answers. */
  readonly control: Redis
  kill (): Promise<void>
  freeze (): void
  thaw (): void
}

/** Starts one on the port, in a folder of its own with a configuration file of these lines; it ends with the test. */
export async function startNode (t: Test, port: number, configure: (dir: string) => Promise<string[]>): Promise<RedisNode> {
  const dir = await mkdtemp(join(tmpdir(), 'weir-redis-'))
  const server = spawn('redis-server', await configure(dir), { stdio: ['ignore', 'ignore', 'inherit'] })
  const exited = once(server, 'exit')
  const control = new Redis({ host: '127.0.0.1', port, retryStrategy: () => 20 })
  control.on('error', () => {})
  const kill = async () => {
    control.disconnect()
    server.kill('SIGKILL')
    await exited
  }
  t.teardown(async () => {
    await kill()
    await rm(dir, { recursive: true, force: true })
  })
  await Promise.race([control.ping(), exited.then(() => { throw new Error('redis-server ended') })])
  return { port, control, kill, freeze: () => { server.kill('SIGSTOP') }, thaw: () => { server.kill('SIGCONT') } }
}

/** As many ports, all free and all different. */
export async function freePorts (count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'))
  await Promise.all(servers.map((server) => once(server, 'listening')))
  const ports = servers.map(portOf)
  await Promise.all(servers.map((server) => once(server.close(), 'close')))
  return ports
}

function portOf (server: Server): number {
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return address.port
}

/** What Redis' own clocks decide cannot be waited for but by asking: until `holds`, for at most 20 s. */
export async function until (what: string, holds: () => Promise<boolean>): Promise<void> {
  for (const end = performance.now() + 20_000; !await holds();) {
    if (performance.now() > end) throw new Error(`in vain: ${what}`)
    await setTimeout(20)
  }
}
