import { setImmediate as breathe } from 'node:timers/promises'

/** Text as weighted trigrams. */
type Vector = ReadonlyMap<string, number>

export interface Described {
  readonly id: number
  readonly name: string
  readonly description: string
}

/** Number of texts processed before other requests have their turn: about 2 ms. */
const AT_ONCE = 10

/**
 * Returns the ids of the `others` most similar to `product`, by their names and descriptions:
 * cosine similarity of trigrams, weighted by rarity (tf-idf). Takes tens of milliseconds of CPU for
 * a few hundred products, in slices that let other requests through.
 */
export async function mostAlike (
  product: Described,
  others: readonly Described[],
  count: number
): Promise<number[]> {
  const all = [product, ...others.filter(({ id }) => id !== product.id)]
  const counts = await inSlices(all, trigrams)
  const spread = new Map<string, number>()
  for (const parts of counts) {
    for (const part of parts.keys()) spread.set(part, (spread.get(part) ?? 0) + 1)
  }
  await breathe()
  const vectors = await inSlices(counts, (parts) => weighted(parts, spread, all.length))
  const [own = new Map<string, number>(), ...rest] = vectors
  const scores = await inSlices(rest, (vector) => similarity(own, vector))
  return all
    .slice(1)
    .map(({ id }, i) => ({ id, score: scores[i] ?? 0 }))
    .sort((a, b) => b.score - a.score || a.id - b.id)
    .slice(0, count)
    .map(({ id }) => id)
}

async function inSlices<T, R> (items: readonly T[], work: (item: T) => R): Promise<R[]> {
  const done: R[] = []
  for (const [i, item] of items.entries()) {
    if (i > 0 && i % AT_ONCE === 0) await breathe()
    done.push(work(item))
  }
  return done
}

/**
 * Counts trigrams; those of names, which are more significant than descriptions, count three times.
 */
function trigrams ({ name, description }: Described): Map<string, number> {
  const text = ` ${`${name} `.repeat(3)}${description} `
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, ' ')
  const counts = new Map<string, number>()
  for (let i = 0; i + 3 <= text.length; i++) {
    const part = text.slice(i, i + 3)
    counts.set(part, (counts.get(part) ?? 0) + 1)
  }
  return counts
}

/** Normalizes to length 1, so that the product of two vectors is their cosine. */
function weighted (counts: Vector, spread: Vector, texts: number): Vector {
  const weights = new Map<string, number>()
  let squares = 0
  for (const [part, count] of counts) {
    const weight = (1 + Math.log(count)) * Math.log(1 + texts / (spread.get(part) ?? 1))
    weights.set(part, weight)
    squares += weight * weight
  }
  const length = Math.sqrt(squares) || 1
  for (const [part, weight] of weights) weights.set(part, weight / length)
  return weights
}

function similarity (a: Vector, b: Vector): number {
  let sum = 0
  for (const [part, weight] of a) sum += weight * (b.get(part) ?? 0)
  return sum
}
