/** Text with times, in ms since 1970, which readers show in their own time zone. */
export type Text = readonly (string | { readonly at: number })[]

/**
 * Builds a text; a value is a string, a number, a time, or another text.
 * @example say`Stored at ${{ at: 1000 }}.` // ['Stored at ', { at: 1000 }, '.']
 */
export function say (
  strings: TemplateStringsArray,
  ...values: readonly (string | number | { readonly at: number } | Text)[]
): Text {
  const parts = strings.flatMap((text, i): Text => {
    const value = values[i]
    if (value === undefined) return [text]
    if (typeof value === 'number') return [text, String(value)]
    return [text, ...[value].flat()]
  })
  return parts.reduce<(string | { readonly at: number })[]>((all, part) => {
    const last = all.at(-1)
    if (typeof part === 'string' && typeof last === 'string') all[all.length - 1] = last + part
    else if (part !== '') all.push(part)
    return all
  }, [])
}

/** Returns a text as a string. */
export const written = (text: Text, time: (at: number) => string): string =>
  text.map((part) => typeof part === 'string' ? part : time(part.at)).join('')

/** @example lasting(1500) // '1.5 s' */
export function lasting (ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`
  if (ms < 60_000) return `${Math.round(ms / 100) / 10} s`
  const minutes = Math.round(ms / 60_000)
  return minutes < 120 ? `${minutes} min` : `${Math.round(minutes / 60)} h`
}
