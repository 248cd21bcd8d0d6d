import { fileURLToPath } from 'node:url'
import { Eta } from 'eta'
import { type Assets } from './assets.js'

const FOLDER = fileURLToPath(new URL('../../views', import.meta.url))

/** Fills in a template of `views`, by its path there. Everything but `<%~` is escaped. */
export type Render = (template: string, data: object) => string

/**
 * Compiles templates as they are used, each once. In all of them `it` has `asset` and what helps to
 * write amounts, and `hasLab`: whether there is something to link to.
 */
export function makeRender (assets: Assets, { hasLab }: { readonly hasLab: boolean }): Render {
  const asset = (name: string): string => {
    const found = assets.get(name)
    if (found === undefined) throw new Error(`There is no asset ${name}`)
    return found.path
  }
  const eta = new Eta({ views: FOLDER, cache: true, autoEscape: true })
  const templates = new Map<string, { readonly run: ReturnType<Eta['compile']>, readonly filepath: string }>()
  const compiled = (template: string) => {
    const known = templates.get(template)
    if (known !== undefined) return known
    const filepath = eta.resolvePath(`./${template}`)
    const made = { run: eta.compile(eta.readFile(filepath)), filepath }
    templates.set(template, made)
    return made
  }
  // Given a name, Eta would find the file's path anew for each page.
  return (template, data) => {
    const { run, filepath } = compiled(template)
    return eta.render(run, { asset, amount, count, moment, hasLab, ...data }, { filepath })
  }
}

const formats = new Map<string, Intl.NumberFormat>()

/** An amount in minor units as people write it: 129900 EUR is €1,299.00. */
function amount (minor: number, currency: string): string {
  let format = formats.get(currency)
  if (format === undefined) formats.set(currency, format = new Intl.NumberFormat('en-IE', { style: 'currency', currency }))
  return format.format(minor / 100)
}

const counts = new Intl.NumberFormat('en')
const count = (number: number): string => counts.format(number)

/** A time for people who need not know where they are; what is no time stays as it is. */
function moment (time: string): string {
  const date = new Date(time)
  return Number.isNaN(date.getTime()) ? time : `${date.toISOString().slice(0, 16).replace('T', ' ')} UTC`
}
