/**
 * `values` and one more at the end, without the oldest beyond `size`: a new list, because views
 * compare lists by identity.
 */
export const appended = <T>(values: readonly T[], value: T, size: number): readonly T[] =>
  [...values.slice(Math.max(0, values.length + 1 - size)), value]
