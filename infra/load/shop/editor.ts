import { setTimeout as delay } from 'node:timers/promises'
import { LoadError } from '../errors.js'
import { type Shopper } from './shopper.js'
import { mentionsIn, nameOf } from './versions.js'

/** Number of products that are edited: the newest, which most pages show. */
const EDITED = 12

/** An editor who repeatedly saves a product by the shop's form and checks that pages show it. */
export class Editor {
  saves = 0
  /** Page views right after a save that did not show it, including those without a page. */
  unseen = 0
  failed = 0
  /** Durations of saves, in ms. */
  readonly times: number[] = []

  constructor (readonly shopper: Shopper, readonly products: number) {}

  /**
   * Saves a product every `pause` ms for `seconds`; the last save is completed. @throws LoadError
   */
  async work (pause: number, seconds: number, signal: AbortSignal): Promise<void> {
    const until = performance.now() + seconds * 1000
    for (
      let at = performance.now();
      at < until && !signal.aborted;
      at = Math.max(at + pause, performance.now())
    ) {
      await delay(Math.max(0, at - performance.now()), undefined, { signal }).catch(() => {})
      await this.save(this.products - (this.saves % EDITED))
    }
  }

  /** Saves the next version of a product. @throws LoadError */
  async save (id: number): Promise<void> {
    const { shopper } = this
    const path = `/shop/products/${id}/edit`
    const form = await shopper.get(path, { cookie: shopper.cookie })
    if (form.status !== 200) throw unexpected('GET', path, form.status)
    const version = 1 + Math.floor(this.saves / EDITED)
    const fields = fieldsOf(form.body)
    const began = performance.now()
    const saved = await shopper.post(path, {
      ...fields,
      name: nameOf(fields['name'] ?? '', { id, version })
    })
    if (saved.status !== 303) throw unexpected('POST', path, saved.status)
    const now = performance.now()
    this.times.push(now - began)
    this.saves++
    shopper.versions.acknowledged(id, version, now)
    // The front door sends requests to the instances in turn.
    for (const page of [`/shop/products/${id}`, `/shop/products/${id}`, '/shop', '/shop']) {
      const { status, body } = await shopper.get(page)
      if (status !== 200) this.failed++
      else if (!mentionsIn(body).some((one) => one.id === id && one.version === version)) {
        this.unseen++
      }
    }
  }
}

/** The filled-in fields of the form that changes a product. */
function fieldsOf (form: string): Record<string, string> {
  const inputs = [...form.matchAll(/name="(etag|name|sku|price|stock)"[^>]*value="([^"]*)"/g)].map(
    ([, name = '', value = '']) => [name, decoded(value)]
  )
  const [, categoryId = ''] = /<option value="(\d+)" selected>/.exec(form) ?? []
  const [, description = ''] = /<textarea[^>]*>\n?([^<]*)<\/textarea>/.exec(form) ?? []
  return {
    ...(Object.fromEntries(inputs) as Record<string, string>),
    categoryId,
    description: decoded(description)
  }
}

const NAMED: Readonly<Record<string, string>> = {
  lt: '<',
  gt: '>',
  quot: '"',
  '#39': "'",
  amp: '&'
}
const decoded = (text: string): string =>
  text.replace(/&(lt|gt|quot|#39|amp);/g, (_, name: string) => NAMED[name] ?? '')

const unexpected = (method: string, path: string, status: number) =>
  new LoadError(
    'WEIR_ERR_UNEXPECTED_ANSWER',
    `${method} ${path} of the shop got status ${status}: the editor could not save a product`
  )
