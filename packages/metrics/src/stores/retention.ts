/** Seconds for which records and process states are kept: a day. */
export const KEPT_SECONDS = 86_400

// Milliseconds. A write that arrives later than that was not delayed in transit.
const LATEST = 60_000

/** Returns the first minute whose records are still kept. */
export const firstMinute = (): number => Math.floor((Date.now() - KEPT_SECONDS * 1000) / 60_000)

/** Returns the time, in ms since 1970, before which process states are no longer kept. */
export const firstMoment = (): number => Date.now() - KEPT_SECONDS * 1000

/**
 * Reports whether a state of time `at` arrived after a later one. If it is much older than a
 * delayed write can be, the process' clock was set back, and it counts as newer.
 */
export const isLate = (at: number, known: number): boolean => at < known && at > known - LATEST

/** Milliseconds for which a request that was taken is left to the instance that has it. */
export const TAKEN = 10_000
