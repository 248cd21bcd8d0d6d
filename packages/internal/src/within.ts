/**
 * Settles as `promise` does, if that happens within `ms` milliseconds. Later outcomes are ignored.
 *
 * Node runs timers before it reads sockets: a process that was busy for longer than that first
 * reads what has arrived.
 * @param late makes the error of a promise that is late
 * @throws what `late` returns, or what `promise` rejects with
 * @example await within(500, client.ping(), () => new Error('Redis did not answer within 500 ms'))
 */
export function within<T> (
  ms: number, promise: Promise<T>, late: () => Error
): Promise<T> {
  // One promise: every command to Redis is bounded by this.
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
