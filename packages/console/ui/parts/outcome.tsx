import type { Outcome } from '@weir/metrics'
import { labelOf } from '../model/outcomes.js'

/** The outcome of a request, as a color and a word. */
export const OutcomeName = ({ outcome }: { outcome: Outcome }) =>
  <span class='outcome' data-outcome={outcome}>{labelOf(outcome)}</span>

/** The outcome as a badge next to its response. */
export const OutcomeBadge = ({
  outcome,
  title,
  note
}: {
  outcome: Outcome
  title?: string
  note?: string
}) => (
  <span class='outcome badge' data-outcome={outcome} title={title}>
    {labelOf(outcome)}
    {note !== undefined && ` · ${note}`}
  </span>
)
