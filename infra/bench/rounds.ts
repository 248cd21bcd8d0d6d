/**
 * Runs every contender once per round, in an order that rotates from round to round, so that other
 * work on the machine affects all contenders alike. Returns each contender's rounds.
 * @param before number of earlier rounds of the same kind, so that the rotation continues
 */
export async function interleave<C, R> (
  contenders: readonly C[],
  rounds: number,
  run: (contender: C, round: number) => Promise<R>,
  before = 0
): Promise<Map<C, R[]>> {
  const results = new Map<C, R[]>(contenders.map((contender) => [contender, []]))
  for (let round = 0; round < rounds; round++) {
    const turn = (before + round) % contenders.length
    const order = [...contenders.slice(turn), ...contenders.slice(0, turn)]
    for (const contender of (before + round) % 2 === 0 ? order : order.toReversed()) {
      results.get(contender)?.push(await run(contender, round))
    }
  }
  return results
}
