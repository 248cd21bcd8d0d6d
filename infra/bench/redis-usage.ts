import type { Redis } from 'ioredis'

/** Commands that clients of Weir send. Scripts call others, which `commandstats` also counts. */
const SENT = ['get', 'unlink', 'evalsha', 'eval']

/** Totals of a Redis since its start. */
export interface RedisUsage {
  /** Commands that clients sent. */
  readonly commands: number
  /** Messages published in a shard, regardless of subscribers. */
  readonly published: number
  readonly bytesOut: number
  /** CPU time in user code and the kernel, in microseconds. */
  readonly cpuMicros: number
}

/** Reads the counters of a Redis. */
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
