import { Stored } from '../model/stored.js'

export const THEMES = ['system', 'light', 'dark'] as const
export type Theme = typeof THEMES[number]

const KEY = 'weir.theme'

/** As somebody chose it, on this machine; `system` until they do. */
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
    // Storage may be forbidden: then it is forgotten.
  }
}

function remembered (): string | null {
  try {
    return localStorage.getItem(KEY)
  } catch {
    return null
  }
}
