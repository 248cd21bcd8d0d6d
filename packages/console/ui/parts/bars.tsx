/**
 * A bar that visualizes the number next to it.
 *
 * @param part ratio to the longest bar, 0 to 1
 */
export const Bar = ({ part, color }: { part: number; color?: string }) => (
  <span class='bar-track' aria-hidden='true'>
    <span
      class='bar'
      style={{
        width: `${Math.max(0, Math.min(1, part)) * 100}%`,
        ...(color !== undefined && { background: `var(--${color})` })
      }}
    />
  </span>
)
