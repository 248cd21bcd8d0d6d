/** One of the figures on top of a page. */
export interface Figure {
  readonly label: string
  readonly value: string
  readonly note?: string
}

export const Figures = ({ figures, label }: { figures: readonly Figure[], label: string }) => (
  <dl class='figures' aria-label={label}>
    {figures.map(({ label, value, note }) => (
      <div class='figure' key={label}>
        <dt>{label}</dt>
        <dd class='figure-value'>{value}</dd>
        {note !== undefined && <dd class='figure-note'>{note}</dd>}
      </div>
    ))}
  </dl>
)
