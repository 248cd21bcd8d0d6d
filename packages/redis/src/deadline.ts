import { setImmediate } from 'node:timers/promises'
import { RedisError } from './errors.js'

/**
 * Resolves as the task does, or rejects after `ms`; the task then goes on, and its result is dropped.
 *
 * Node runs timers before it reads sockets: a process that was busy for longer than `ms` first reads what has arrived.
 * @throws RedisError WEIR_REDIS_TIMEOUT
 */
export async function within<T> (ms: number, what: string, task: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      setImmediate().then(() => { reject(new RedisError('WEIR_REDIS_TIMEOUT', `${what} within ${ms} ms`)) }, reject)
    }, ms)
  })
  try {
    return await Promise.race([task, late])
  } finally {
    clearTimeout(timer)
  }
}
