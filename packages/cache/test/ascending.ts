import type { Stamp } from '../src/index.js'

/** Whether each is above the one before. */
export const ascending = (stamps: readonly Stamp[]) =>
  stamps.every((stamp, i) => i === 0 || stamp > (stamps[i - 1] ?? Infinity))
