import type { Answer } from '../target/target.js'

/**
 * Header fields that say nothing about the representation, or that differ between a hit and a miss
 * of a sound cache.
 */
const IGNORED = new Set([
  'accept-ranges', 'age', 'alt-svc', 'cache-control', 'cache-groups', 'cache-status',
  'cdn-cache-control', 'cf-cache-status', 'connection', 'content-length', 'date', 'etag', 'expires',
  'keep-alive', 'last-modified', 'link-template', 'retry-after', 'server-timing', 'surrogate-key',
  'trailer', 'transfer-encoding', 'vary', 'via', 'warning', 'x-cache', 'x-cache-status',
  'x-request-id', 'x-response-time'
])
const isIgnored = (name: string) =>
  IGNORED.has(name) || /^(?:x-)?ratelimit/.test(name) || /^x-cache/.test(name)

/** Fields that may name the key: an echo there is no change of the response. */
const isKeyEcho = (name: string) => /^(?:cache-status|vary|x-cache|x-key)/.test(name)

/** Names the part of a response that has a marker: its body, or a header field. */
export function placeOf (marker: string, { text, headers }: Answer): string | undefined {
  const wanted = [marker, marker.toUpperCase()]
  const isIn = (value: string) => wanted.some((one) => value.includes(one))
  if (isIn(text)) return 'the body'
  for (const [name, value] of headers) if (!isKeyEcho(name) && isIn(value)) return name
  return undefined
}

/** A response without the token of its request. */
export class View {
  readonly status: number
  readonly text: string
  readonly headers: ReadonlyMap<string, string>
  #words: readonly string[] | undefined

  constructor (status: number, text: string, headers: ReadonlyMap<string, string>) {
    this.status = status
    this.text = text
    this.headers = headers
  }

  /** Words of the body: a clock or a counter changes one of them and leaves their number. */
  get words (): readonly string[] {
    this.#words ??= this.text.split(/([^\w.:+-]+)/)
    return this.#words
  }
}

/** @param token that the request carried, and that the app may repeat */
export function viewOf ({ status, text, headers }: Answer, token: string): View {
  const without = (value: string) => value.replaceAll(token, '')
  const compared = [...headers].filter(([name]) => !isIgnored(name))
  return new View(
    status, without(text), new Map(compared.map(([name, value]) => [name, without(value)])))
}

/** The responses of a route to equal requests under different keys. */
export class Control {
  readonly #views: readonly View[]
  readonly #first: View
  readonly #kinds = new Map<number, Kind>()

  constructor (first: View, ...others: readonly View[]) {
    this.#first = first
    this.#views = [first, ...others]
  }

  get status (): number {
    return this.#first.status
  }

  /** Whether equal requests got different bodies with one status. */
  get hasVolatileWords (): boolean {
    const { isSteady, volatile } = this.#kind(this.#first.status)
    return !isSteady || volatile.size > 0
  }

  /** Returns a control that has seen one more response. */
  with (view: View): Control {
    return new Control(this.#first, ...this.#views.slice(1), view)
  }

  /** Names the part in which a response differs from every response to equal requests. */
  difference (view: View): string | undefined {
    if (this.#views.every(({ status }) => status !== view.status)) return `the status (${view.status})`
    if (!this.isLike(view)) return 'the body'
    for (const [name, value] of view.headers) {
      const seen = this.#kind(view.status).views.map(({ headers }) => headers.get(name))
      const [first] = seen
      if (seen.every((other) => other === first) && first !== value) return name
    }
    return undefined
  }

  /** Whether the body is that of the control, except for words that change on their own. */
  isLike (view: View): boolean {
    const { first, isSteady, volatile } = this.#kind(view.status)
    // A body whose length changes on its own cannot be compared.
    return !isSteady || view.text === first.text || sameWords(first.words, view.words, volatile)
  }

  /** Responses with one status; those with another one have bodies and fields of their own. */
  #kind (status: number): Kind {
    const known = this.#kinds.get(status)
    if (known !== undefined) return known
    const same = this.#views.filter((view) => view.status === status)
    const views = same.length === 0 ? this.#views : same
    const first = views[0] ?? this.#first
    const different = views.filter(({ text }) => text !== first.text)
    const kind: Kind = {
      views,
      first,
      isSteady: different.every(({ words }) => words.length === first.words.length),
      volatile: new Set(different.length === 0
        ? []
        : first.words.flatMap((word, i) =>
          different.some(({ words }) => words[i] !== word) ? [i] : []))
    }
    this.#kinds.set(status, kind)
    return kind
  }
}

interface Kind {
  readonly views: readonly View[]
  readonly first: View
  readonly isSteady: boolean
  /** Places of words that change on their own. */
  readonly volatile: ReadonlySet<number>
}

const sameWords = (
  a: readonly string[], b: readonly string[], except: ReadonlySet<number>
): boolean => a.length === b.length && a.every((word, i) => word === b[i] || except.has(i))

/** Whether two responses have the same body, byte for byte. */
export const isSameBody = (a: View, b: View): boolean => a.text === b.text
