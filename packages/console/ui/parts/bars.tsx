/**
 * A length that stands for a number, beside the number itself. @param part of the longest, 0 to 1
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
