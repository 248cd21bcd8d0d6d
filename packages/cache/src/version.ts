import { digits, NUMBER_WIDTH } from './counter-frame.js'
import { CacheError, shown } from './errors.js'
import { VERSION_WIDTH, versionBytes } from './frame-version.js'
import type { FrameVersion } from './store.js'

/**
 * Identifies one state of a key's value, including its absence.
 *
 * Text of up to 50 letters, digits, `-` and `_`, suitable for an ETag or a form. The format may
 * change: compare versions only with `compareAndSet`.
 */
export type Version = string

/** The version of a key without a value. */
export const ABSENT: Version = Buffer.of(0).toString('base64url')

export function encodeVersion (seen: FrameVersion | undefined): Version {
  if (seen === undefined) return ABSENT
  const number = seen.number === undefined ? [] : [digits(seen.number)]
  return Buffer.concat([versionBytes(seen), ...number]).toString('base64url')
}

/** @throws CacheError WEIR_CACHE_INVALID_VERSION */
export function checkVersion (version: unknown): asserts version is Version {
  const bytes = Buffer.from(typeof version === 'string' ? version : '', 'base64url')
  const hasForm =
    version === ABSENT ||
    bytes.length === VERSION_WIDTH ||
    bytes.length === VERSION_WIDTH + NUMBER_WIDTH
  if (!hasForm || bytes.toString('base64url') !== version) {
    throw new CacheError('WEIR_CACHE_INVALID_VERSION', shown(version))
  }
}
