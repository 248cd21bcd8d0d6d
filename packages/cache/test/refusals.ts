import { setTimeout } from 'node:timers/promises'
import { CacheError } from '../src/index.js'

/** The error of a fill that would wait for itself by requesting the key. */
export const REFUSED = (key: string) => ({
  code: 'WEIR_CACHE_REENTRANT_FILL',
  message: new RegExp(`^Key "${key}"`)
})

/**
 * Returns the value of each, or the code of its error, unless one waits longer than anything here
 * takes.
 */
export async function outcomesOf (
  asked: readonly Promise<string>[]
): Promise<string[] | 'some wait'> {
  const all = Promise.all(
    asked.map((one) =>
      one.catch((error: unknown) => (error instanceof CacheError ? error.code : String(error)))
    )
  )
  const over = new AbortController()
  try {
    return await Promise.race([
      all,
      setTimeout(20_000, 'some wait' as const, { signal: over.signal })
    ])
  } finally {
    over.abort()
  }
}
