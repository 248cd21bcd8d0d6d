/**
 * Runs every contender once a round, in an order that turns from round to round: what the machine
 * does besides hits all of them alike. Returns each contender's rounds.
 * @param before how many rounds there were of others like these, so that the order goes on to turn
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
