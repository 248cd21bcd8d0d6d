import { setTimeout } from 'node:timers/promises'

/** Resolves like a promise, or to `otherwise` if that takes longer than `ms`. */
export async function within<T> (
  milliseconds: number,
  promise: Promise<T>,
  otherwise: T
): Promise<T> {
  const abort = new AbortController()
  const late = setTimeout(milliseconds, otherwise, { signal: abort.signal }).catch(() => otherwise)
  try {
    return await Promise.race([promise, late])
  } finally {
    abort.abort()
  }
}
