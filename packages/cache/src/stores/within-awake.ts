// A stretch in which the process is busy counts as at most one of these parts. Connecting takes
// several.
const PARTS = 10

/**
 * Settles like `promise` if that happens within `ms` milliseconds in which the process could read
 * answers.
 *
 * A burst of calls may keep the process busy for longer than a server may be silent, which is not
 * silence. Time is counted in parts, each started after the previous one has passed.
 * @param late creates the error for a promise that is late
 * @throws the error that `late` returns, or the rejection of `promise`
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
