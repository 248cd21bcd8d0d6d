import { fileURLToPath } from 'node:url'
import { Eta } from 'eta'
import { type Assets } from './assets.js'

const FOLDER = fileURLToPath(new URL('../../views', import.meta.url))

/** Renders a template of `views`, by its path there. Everything except `<%~` is escaped. */
export type Render = (template: string, data: object) => string

/**
 * Compiles templates on first use. In all of them `it` has `asset`, functions that format amounts,
 * and `hasLab`: whether the lab can be linked.
 */
export function makeRender (assets: Assets, { hasLab }: { readonly hasLab: boolean }): Render {
  const asset = (name: string): string => {
    const found = assets.get(name)
    if (found === undefined) throw new Error(`There is no asset ${name}`)
    return found.path
  }
  const eta = new Eta({ views: FOLDER, cache: true, autoEscape: true, escapeFunction: escapeHtml })
  const templates = new Map<string, { readonly run: ReturnType<Eta['compile']>, readonly filepath: string }>()
  const compiled = (template: string) => {
    const known = templates.get(template)
    if (known !== undefined) return known
    const filepath = eta.resolvePath(`./${template}`)
    const made = { run: eta.compile(eta.readFile(filepath)), filepath }
    templates.set(template, made)
    return made
  }
  // Given a name, Eta would resolve the file's path for each page.
  return (template, data) => {
    const { run, filepath } = compiled(template)
    return eta.render(run, { asset, amount, count, moment, hasLab, ...data }, { filepath })
  }
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;'
}
// Control characters except tabs and line breaks are invalid in HTML: a replacement shows them.
// Ranges, because `\p{Cc}` would take three times as long for each value of a page.
// eslint-disable-next-line no-control-regex
const ESCAPED = /[&<>"'\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]/
const ALL_ESCAPED = new RegExp(ESCAPED, 'g')

function escapeHtml (value: unknown): string {
  const text = String(value)
  return ESCAPED.test(text)
    ? text.replace(ALL_ESCAPED, (char) => ENTITIES[char] ?? '\ufffd')
    : text
}

const formats = new Map<string, Intl.NumberFormat>()

/** Formats an amount in minor units: 129900 EUR is €1,299.00. */
function amount (minor: number, currency: string): string {
  let format = formats.get(currency)
  if (format === undefined) formats.set(currency, format = new Intl.NumberFormat('en-IE', { style: 'currency', currency }))
  return format.format(minor / 100)
}

const counts = new Intl.NumberFormat('en')
const count = (number: number): string => counts.format(number)

/** Formats a time in UTC, independent of the reader's location; other text stays unchanged. */
function moment (time: string): string {
  const date = new Date(time)
  return Number.isNaN(date.getTime()) ? time : `${date.toISOString().slice(0, 16).replace('T', ' ')} UTC`
}
