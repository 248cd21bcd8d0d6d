/**
 * Returns a copy of `values` with `value` appended, limited to the newest `size`. Views compare
 * lists by identity, so the list is not changed in place.
 */
export const appended = <T>(values: readonly T[], value: T, size: number): readonly T[] =>
  [...values.slice(Math.max(0, values.length + 1 - size)), value]
