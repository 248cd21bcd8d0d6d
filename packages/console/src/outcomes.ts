import { type Outcome, OUTCOMES, type Series } from '@weir/metrics'

/** Requests by how they were answered. */
export type Outcomes = Readonly<Partial<Record<Outcome, Series>>>

/** Those that are known, with what is known of them. */
export function entriesOf (outcomes: Outcomes): [Outcome, Series][] {
  return OUTCOMES.flatMap((outcome): [Outcome, Series][] => {
    const series = outcomes[outcome]
    return series === undefined ? [] : [[outcome, series]]
  })
}
