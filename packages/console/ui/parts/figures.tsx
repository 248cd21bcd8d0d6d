import { type TermId } from '../model/terms.js'
import { Term } from './term.js'

/** One of the figures at the top of a page. */
export interface Figure {
  readonly label: string
  /** The term that defines the figure. */
  readonly term?: TermId
  readonly value: string
  readonly note?: string
  /** Shown in red. */
  readonly isWrong?: boolean
}

export const Figures = ({ figures, label }: { figures: readonly Figure[], label: string }) => (
  <dl class='figures' aria-label={label}>
    {figures.map(({ label, term, value, note, isWrong = false }) => (
      <div class='figure' key={label}>
        <dt>{term === undefined ? label : <Term id={term}>{label}</Term>}</dt>
        <dd class='figure-value' data-wrong={isWrong}>{value}</dd>
        {note !== undefined && <dd class='figure-note'>{note}</dd>}
      </div>
    ))}
  </dl>
)
