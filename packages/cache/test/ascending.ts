import type { Stamp } from '../src/index.js'

/** Reports whether each stamp is above the previous one. */
export const ascending = (stamps: readonly Stamp[]) =>
  stamps.every((stamp, i) => i === 0 || stamp > (stamps[i - 1] ?? Infinity))
