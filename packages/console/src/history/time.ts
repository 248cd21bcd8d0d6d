/** ms */
export const MINUTE = 60_000
/** Minutes. */
export const HOUR = 60
/** Minutes. */
export const DAY = 24 * HOUR

/** How long counts by the minute are kept, in minutes. */
export const MINUTES_KEPT = 2 * DAY
/** How long counts by the hour are kept, in minutes. */
export const HOURS_KEPT = 400 * DAY

export const minuteOf = (ms: number) => Math.floor(ms / MINUTE)
export const hourOf = (minute: number) => Math.floor(minute / HOUR) * HOUR
