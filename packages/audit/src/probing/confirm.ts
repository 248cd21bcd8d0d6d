import { randomInt } from 'node:crypto'

/**
 * Runs the requests with and without an input in random order, and returns whether all of the first
 * show a sign and none of the others does. An app that shows the sign on its own, at any rate and
 * in any order, passes with a chance of 1 in 735,471 (16 and 8) or 1 in 12,870 (8 and 8).
 */
export async function isCausal (
  withInput: () => Promise<boolean>, without: () => Promise<boolean>, controls = 16
): Promise<boolean> {
  for (const isControl of shuffled(controls)) {
    if (isControl ? await without() : !await withInput()) return false
  }
  return true
}

const REPETITIONS = 8

function shuffled (controls: number): readonly boolean[] {
  const order: boolean[] = []
  for (let i = 0; i < controls + REPETITIONS; i++) {
    order.splice(randomInt(order.length + 1), 0, i < controls)
  }
  return order
}
