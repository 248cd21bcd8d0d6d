import { MetricsError } from '../errors.js'
import { type JournalLimits, MAX_BYTES, RETAIN } from './store.js'

/** @throws MetricsError WEIR_METRICS_INVALID_OPTION */
export function checkedLimits (
  { maxBytes = MAX_BYTES, retain = RETAIN }: JournalLimits
): Required<JournalLimits> {
  if (!Number.isSafeInteger(maxBytes) || maxBytes < 65_536) {
    throw new MetricsError(
      'WEIR_METRICS_INVALID_OPTION',
      `maxBytes ${String(maxBytes)} is no size of a journal: use a whole number of 65536 or more`
    )
  }
  if (!Number.isSafeInteger(retain) || retain < 1000) {
    throw new MetricsError(
      'WEIR_METRICS_INVALID_OPTION',
      `retain ${String(retain)} is no time: use a whole number of ms of 1000 or more`
    )
  }
  return { maxBytes, retain }
}
