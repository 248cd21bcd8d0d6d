import { type Redis } from 'ioredis'

/** Makes Redis record the duration of each command from now on. */
export async function watchCommands (client: Redis): Promise<void> {
  await client.config('SET', 'slowlog-max-len', '10000')
  await client.config('SET', 'slowlog-log-slower-than', '0')
  await client.call('SLOWLOG', ['RESET'])
}

/**
 * Durations of the commands in Redis since `watchCommands`, in ms; at least `expected` scripts must
 * be among them.
 */
export async function slowest (client: Redis, expected: number): Promise<number[]> {
  const log: unknown = await client.call('SLOWLOG', ['GET', '-1'])
  await client.config('SET', 'slowlog-log-slower-than', '10000')
  if (!Array.isArray(log)) throw new Error(`SLOWLOG answered ${JSON.stringify(log)}`)
  const times: number[] = []
  for (const entry of log) {
    // [id, time, microseconds, [command, ...arguments], client, name]
    if (!Array.isArray(entry) || !Array.isArray(entry[3])) {
      throw new Error(`SLOWLOG has ${JSON.stringify(entry)}`)
    }
    if (String(entry[3][0]).toUpperCase().startsWith('EVAL')) times.push(Number(entry[2]) / 1000)
  }
  if (times.length < expected) throw new Error(`SLOWLOG has ${times.length} scripts of ${expected}`)
  return times
}
