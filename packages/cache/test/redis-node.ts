import { setTimeout } from 'node:timers/promises'
import { startRedis } from '@weir/internal/testing'
import { Redis } from 'ioredis'
import type { Test } from 'tap'

/**
 * A Redis that others find by its address: a node of a cluster, or one that Sentinel watches, or a
 * Sentinel.
 */
export interface RedisNode {
  readonly port: number
  /** For what the test itself asks of it; is there as soon as it answers. */
  readonly control: Redis
  kill (): Promise<void>
  freeze (): void
  thaw (): void
}

/**
 * Starts one on the port, in a folder of its own, with the arguments that `configure` gives; it
 * ends with the test.
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
 * What Redis' own clocks decide cannot be waited for but by asking: until `holds`, for at most 20
 * s.
 */
export async function until (what: string, holds: () => Promise<boolean>): Promise<void> {
  for (const end = performance.now() + 20_000; !await holds();) {
    if (performance.now() > end) throw new Error(`in vain: ${what}`)
    await setTimeout(20)
  }
}
