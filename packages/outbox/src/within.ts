import { OutboxError } from './errors.js'

/**
 * What the promise gives, if it settles within `ms`. What it does later has no effect.
 * @throws OutboxError WEIR_OUTBOX_TIMEOUT, or what the promise rejects with
 */
export async function within<T> (ms: number, who: string, promise: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => { reject(new OutboxError('WEIR_OUTBOX_TIMEOUT', `${who} did not answer within ${ms} ms`)) }, ms)
  })
  try {
    return await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
  }
}
