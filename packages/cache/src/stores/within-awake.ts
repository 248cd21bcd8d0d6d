// A stretch in which the process is busy counts as one of these at most.
// Connecting takes several.
const PARTS = 10

/**
 * Settles as `promise` does, if that happens within `ms` milliseconds in which the process could
 * read answers. A burst of calls keeps it busy for longer than a server may be silent: that is no
 * silence.
 *
 * Time is counted in parts, each begun once the one before is over.
 * @param late makes the error of a promise that is late
 * @throws what `late` returns, or what `promise` rejects with
 * @example
 * await withinAwake(500, client.query('SELECT 1'), () => new Error('no answer within 500 ms'))
 */
export function withinAwake<T> (ms: number, promise: Promise<T>, late: () => Error): Promise<T> {
  return new Promise((resolve, reject) => {
    let left = PARTS
    const part = (): NodeJS.Timeout => setTimeout(() => {
      if (--left > 0) timer = part()
      // Node runs timers before it reads sockets.
      else setImmediate(() => { if (left === 0) reject(late()) })
    }, ms / PARTS)
    let timer = part()
    const end = () => {
      left = -1
      clearTimeout(timer)
    }
    promise.then((value) => {
      end()
      resolve(value)
    }, (error: Error) => {
      end()
      reject(error)
    })
  })
}
