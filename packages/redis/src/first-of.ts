import { setTimeout } from 'node:timers/promises'

// Milliseconds by which the likely candidates start earlier. A killed one may not report an error.
const HEAD_START = 100

/**
 * Returns the first answer of the likely candidates, or also of the others if none arrives in time.
 * @throws AggregateError if no candidate answers
 */
export async function firstOf<N, R> (
  likely: readonly N[], others: () => readonly N[], ask: (node: N) => Promise<R>
): Promise<R> {
  const first = Promise.any(likely.map(ask))
  const isOver = first.then(() => true, () => false)
  const inTime = await Promise.race([isOver, setTimeout(HEAD_START, false)])
  return inTime ? first : Promise.any([first, ...others().map(ask)])
}
