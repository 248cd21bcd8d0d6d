import { THEMES, theme, type Theme } from '../state/theme.js'
import { useStored } from '../state/use-stored.js'

const WORDS: Readonly<Record<Theme, string>> = { system: 'Auto', light: 'Light', dark: 'Dark' }

/** A button that switches to the next theme. */
export function ThemeButton () {
  const current = useStored(theme)
  const next = THEMES[(THEMES.indexOf(current) + 1) % THEMES.length] ?? 'system'
  return (
    <button
      class='button compact'
      type='button'
      title={`Next: ${WORDS[next]}`}
      onClick={() => theme.set(next)}
    >
      <span class='wide' aria-hidden='true'>
        ◐
      </span>
      <span class='unseen'>Theme: </span>
      {WORDS[current]}
    </button>
  )
}
