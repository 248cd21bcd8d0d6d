import { setTimeout } from 'node:timers/promises'
import { startRedis } from '@weir/internal/testing'
import { Redis } from 'ioredis'
import type { Test } from 'tap'

/**
 * A Redis that others find by its address: a cluster node, a server monitored by Sentinel, or a
 * Sentinel.
 */
export interface RedisNode {
  readonly port: number
  /** A client for the test itself; available as soon as the server answers. */
  readonly control: Redis
  kill (): Promise<void>
  freeze (): void
  thaw (): void
}

/**
 * Starts one on the port, in its own folder, with arguments from `configure`; it ends with the
 * test.
 */
export async function startNode (
  t: Test,
  port: number,
  configure: (dir: string) => Promise<string[]>
): Promise<RedisNode> {
  const server = await startRedis(t, { port, configure })
  const control = new Redis({ host: '127.0.0.1', port, retryStrategy: () => 20 })
  control.on('error', () => {})
  t.teardown(() => {
    control.disconnect()
  })
  await control.ping()
  return {
    port,
    control,
    freeze: () => {
      server.freeze()
    },
    thaw: () => {
      server.thaw()
    },
    async kill () {
      control.disconnect()
      await server.kill()
    }
  }
}

/**
 * Polls until `holds` returns true, for at most 20 s: Redis' own clocks decide when that happens.
 */
export async function until (what: string, holds: () => Promise<boolean>): Promise<void> {
  for (const end = performance.now() + 20_000; !await holds();) {
    if (performance.now() > end) throw new Error(`in vain: ${what}`)
    await setTimeout(20)
  }
}
