/** Times at equal distances, in seconds since the epoch: those of a list of Open-Meteo. */
export interface Times {
  readonly first: number
  readonly step: number
  readonly length: number
}

// Year 2200.
const LATEST = 7_258_118_400

export const isTime = (value: unknown): value is number =>
  Number.isInteger(value) && Number(value) > 0 && Number(value) < LATEST

/**
 * Determines the times of a list, even if some entries are invalid: the majority decides.
 * @throws Error if most entries do not agree
 */
export function timesOf (list: readonly unknown[], step: number): Times {
  const firsts = new Map<number, number>()
  list.forEach((time, i) => {
    if (isTime(time)) firsts.set(time - i * step, (firsts.get(time - i * step) ?? 0) + 1)
  })
  for (const [first, count] of firsts) {
    if (count * 2 > list.length) return { first, step, length: list.length }
  }
  throw new Error(`the times are not ${step} s apart`)
}

/** Returns the index of a time in its list; undefined if it is not in the list. */
export function indexOf ({ first, step, length }: Times, time: number): number | undefined {
  const index = (time - first) / step
  return Number.isInteger(index) && index >= 0 && index < length ? index : undefined
}
