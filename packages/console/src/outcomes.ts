import { type Outcome, OUTCOMES, type Series } from '@weir/metrics'

/** Requests by outcome. */
export type Outcomes = Readonly<Partial<Record<Outcome, Series>>>

/** Returns the known outcomes with their series. */
export function entriesOf (outcomes: Outcomes): [Outcome, Series][] {
  return OUTCOMES.flatMap((outcome): [Outcome, Series][] => {
    const series = outcomes[outcome]
    return series === undefined ? [] : [[outcome, series]]
  })
}
