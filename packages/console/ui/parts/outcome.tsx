import type { Outcome } from '@weir/metrics'
import { labelOf } from '../model/outcomes.js'

/** How it was answered: a color and a word. */
export const OutcomeName = ({ outcome }: { outcome: Outcome }) =>
  <span class='outcome' data-outcome={outcome}>{labelOf(outcome)}</span>

/** The same, beside what was answered. */
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
