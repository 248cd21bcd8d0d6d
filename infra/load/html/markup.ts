/** Text that is already HTML. */
export class Markup {
  constructor (readonly text: string) {}

  toString (): string {
    return this.text
  }
}

type Value = Markup | string | number | readonly Markup[]

/**
 * Makes HTML from a template. Escapes every value except Markup: names of instances come from
 * outside.
 *
 * @example html`<p title="${name}">${rows}</p>`
 */
export function html (parts: TemplateStringsArray, ...values: readonly Value[]): Markup {
  return new Markup(
    parts.map((part, i) => part + (i < values.length ? render(values[i] ?? '') : '')).join('')
  )
}

function render (value: Value): string {
  if (value instanceof Markup) return value.text
  return typeof value === 'object' ? value.join('') : escape(String(value))
}

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;'
}

const escape = (text: string): string =>
  text.replace(/[&<>"']/g, (character) => ESCAPES[character] ?? character)
