/** One minute in ms. */
export const MINUTE = 60_000
/** One hour in minutes. */
export const HOUR = 60
/** One day in minutes. */
export const DAY = 24 * HOUR

/** Retention of counts by minute, in minutes. */
export const MINUTES_KEPT = 2 * DAY
/** Retention of counts by hour, in minutes. */
export const HOURS_KEPT = 400 * DAY

export const minuteOf = (ms: number) => Math.floor(ms / MINUTE)
export const hourOf = (minute: number) => Math.floor(minute / HOUR) * HOUR
