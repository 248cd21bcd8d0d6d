import { setImmediate } from 'node:timers/promises'

/**
 * Settles as `promise` does, if that happens within `ms` milliseconds. Later outcomes are ignored.
 *
 * Node runs timers before it reads sockets: a process that was busy for longer than that first reads what has arrived.
 * @param late makes the error of a promise that is late
 * @throws what `late` returns, or what `promise` rejects with
 * @example await within(500, client.ping(), () => new Error('Redis did not answer within 500 ms'))
 */
export async function within<T> (
  ms: number, promise: Promise<T>, late: () => Error
): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const deadline = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      setImmediate().then(() => { reject(late()) }, reject)
    }, ms)
  })
  try {
    return await Promise.race([promise, deadline])
  } finally {
    clearTimeout(timer)
  }
}
