import type { Redis } from 'ioredis'

/** Commands that a client of Weir sends. Scripts call others, which `commandstats` counts too. */
const SENT = ['get', 'unlink', 'evalsha', 'eval']

/** Totals of a Redis since it started. */
export interface RedisUsage {
  /** Commands that clients sent. */
  readonly commands: number
  /** Messages that were published in a shard, whoever heard them. */
  readonly published: number
  readonly bytesOut: number
  /** CPU time in user code and the kernel, in microseconds. */
  readonly cpuMicros: number
}

/** Reads what Redis counts of itself. */
export async function redisUsage (client: Redis): Promise<RedisUsage> {
  const text = await client.info('stats', 'cpu', 'commandstats')
  const fields = new Map(
    [...text.matchAll(/^(\w+):(.*)\r$/gm)].map(([, name = '', value = '']) => [name, value])
  )
  const number = (name: string) => Number(fields.get(name))
  const calls = (command: string) =>
    Number(/^calls=(\d+)/.exec(fields.get(`cmdstat_${command}`) ?? '')?.[1] ?? 0)
  return {
    commands: SENT.reduce((sum, command) => sum + calls(command), 0),
    published: calls('spublish'),
    bytesOut: number('total_net_output_bytes'),
    cpuMicros: (number('used_cpu_sys') + number('used_cpu_user')) * 1e6
  }
}
