import { setTimeout } from 'node:timers/promises'

// So long the likely have to themselves, in ms. One that was killed may not say so.
const HEAD_START = 100

/**
 * The first answer of those that likely have one; of the others too, if none has come in a while.
 * @throws AggregateError if none has one
 */
export async function firstOf<N, R> (
  likely: readonly N[], others: () => readonly N[], ask: (node: N) => Promise<R>
): Promise<R> {
  const first = Promise.any(likely.map(ask))
  const isOver = first.then(() => true, () => false)
  const inTime = await Promise.race([isOver, setTimeout(HEAD_START, false)])
  return inTime ? first : Promise.any([first, ...others().map(ask)])
}
