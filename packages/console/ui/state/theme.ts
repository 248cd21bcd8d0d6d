import { Stored } from '../model/stored.js'

export const THEMES = ['system', 'light', 'dark'] as const
export type Theme = typeof THEMES[number]

const KEY = 'weir.theme'

/** The theme chosen in this browser; `system` by default. */
export const theme = new Stored<Theme>(THEMES.find((known) => known === remembered()) ?? 'system')

theme.subscribe(apply)
apply()

function apply (): void {
  const chosen = theme.get()
  if (chosen === 'system') delete document.documentElement.dataset['theme']
  else document.documentElement.dataset['theme'] = chosen
  try {
    localStorage.setItem(KEY, chosen)
  } catch {
    // Storage may be blocked. The theme is then lost on reload.
  }
}

function remembered (): string | null {
  try {
    return localStorage.getItem(KEY)
  } catch {
    return null
  }
}
