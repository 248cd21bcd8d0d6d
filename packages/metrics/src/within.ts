import { MetricsError } from './errors.js'

/**
 * What the task gives, if it does so in time; otherwise it goes on, and nobody hears of it.
 * @throws MetricsError WEIR_METRICS_NO_ANSWER; what the task throws
 */
export async function within<T> (ms: number, task: () => Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => { reject(new MetricsError('WEIR_METRICS_NO_ANSWER', String(ms))) }, ms)
  })
  try {
    return await Promise.race([task(), late])
  } finally {
    clearTimeout(timer)
  }
}
