/**
 * Settles like `promise` if that happens within `ms` milliseconds. Later outcomes are ignored.
 *
 * Node runs timers before it reads sockets, so a process that was busy for longer first reads the
 * data that has arrived.
 * @param late creates the error for a promise that is late
 * @throws the error that `late` returns, or the rejection of `promise`
 * @example await within(500, client.ping(), () => new Error('Redis did not answer within 500 ms'))
 */
export function within<T> (
  ms: number, promise: Promise<T>, late: () => Error
): Promise<T> {
  // A single promise: every Redis command goes through this function.
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => { setImmediate(() => { reject(late()) }) }, ms)
    promise.then((value) => {
      clearTimeout(timer)
      resolve(value)
    }, (error: Error) => {
      clearTimeout(timer)
      reject(error)
    })
  })
}
