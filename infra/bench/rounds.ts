/**
 * Runs every contender once a round, in an order that turns from round to round: what the machine does besides
 * hits all of them alike. Returns each contender's rounds.
 */
export async function interleave<C, R> (
  contenders: readonly C[], rounds: number, run: (contender: C, round: number) => Promise<R>
): Promise<Map<C, R[]>> {
  const results = new Map<C, R[]>(contenders.map((contender) => [contender, []]))
  for (let round = 0; round < rounds; round++) {
    const turn = round % contenders.length
    const order = [...contenders.slice(turn), ...contenders.slice(0, turn)]
    for (const contender of round % 2 === 0 ? order : order.toReversed()) {
      results.get(contender)?.push(await run(contender, round))
    }
  }
  return results
}
