/** Seconds that records, and what processes said of themselves, are kept: a day. */
export const KEPT_SECONDS = 86_400

// Milliseconds. A write that comes later than that is no longer on its way anywhere.
const LATEST = 60_000

/** The first minute of which records are still kept. */
export const firstMinute = (): number => Math.floor((Date.now() - KEPT_SECONDS * 1000) / 60_000)

/** What processes that said it before then said of themselves is no longer kept: ms since 1970. */
export const firstMoment = (): number => Date.now() - KEPT_SECONDS * 1000

/**
 * Whether what a process said at `at` has come after what it said later. By much more than a write
 * can be late it is not earlier at all: the process' clock was set back.
 */
export const isLate = (at: number, known: number): boolean => at < known && at > known - LATEST
