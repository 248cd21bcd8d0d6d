import { createRequire } from 'node:module'
import { CacheError } from '../errors.js'

const require = createRequire(import.meta.url)

/**
 * Loads the library of a store on first use, because it is installed only where needed.
 * @throws CacheError WEIR_CACHE_MISSING_DRIVER
 */
export function loadDriver (name: string): unknown {
  try {
    return require(name)
  } catch (cause) {
    const [why] = (cause instanceof Error ? cause.message : String(cause)).split('\n')
    throw new CacheError(
      'WEIR_CACHE_MISSING_DRIVER',
      `${name} cannot be loaded (${why ?? ''}). Install it beside your application: npm install ${name}`,
      { cause }
    )
  }
}
