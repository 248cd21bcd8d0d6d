import { fieldValue, type HeaderValue } from './headers.js'

const HINTED: ReadonlySet<string> = new Set(['preload', 'preconnect', 'modulepreload'])

/**
 * Returns the members of a Link field that a client can act on before the response arrives.
 *
 * Those have rel=preload, preconnect or modulepreload (RFC 8297, section 2). A link with an
 * `anchor` describes another resource. Parsing stops where the field violates the grammar (RFC
 * 8288, appendix B.2).
 * @example
 * earlyHints('</a.css>; rel=preload; as=style, </b>; rel=next')
 * // ['</a.css>; rel=preload; as=style']
 */
export function earlyHints (link: HeaderValue): string[] {
  const hints: string[] = []
  for (const { text, parameters } of linksOf(fieldValue(link) ?? '')) {
    const relations = (parameters.get('rel') ?? '').toLowerCase().split(/[ \t]+/)
    if (!parameters.has('anchor') && relations.some((relation) => HINTED.has(relation))) {
      hints.push(text)
    }
  }
  return hints
}

/** One member of a Link field. */
interface Link {
  /** The member's original text. */
  readonly text: string
  /** Parameters by lower-case name; the first of repeated ones counts (RFC 8288, section 3.3). */
  readonly parameters: ReadonlyMap<string, string>
}

const SEPARATORS = /[ \t,]*/y
const TARGET = /<[^<>"\s]*>[ \t]*/y
const PARAMETER = /;[ \t]*([^\s=;,"<>]+)[ \t]*(?:=[ \t]*("(?:[^"\\]|\\.)*"|[^\s;,"<>]*)[ \t]*)?/y

function * linksOf (field: string): Generator<Link> {
  let at = 0
  const take = (pattern: RegExp) => {
    pattern.lastIndex = at
    const match = pattern.exec(field)
    if (match !== null) at = pattern.lastIndex
    return match
  }
  while (at < field.length) {
    take(SEPARATORS)
    const begin = at
    if (take(TARGET) === null) return
    const parameters = new Map<string, string>()
    for (let match = take(PARAMETER); match !== null; match = take(PARAMETER)) {
      const name = (match[1] ?? '').toLowerCase()
      if (!parameters.has(name)) parameters.set(name, unquoted(match[2] ?? ''))
    }
    if (at < field.length && field[at] !== ',') return
    yield { text: field.slice(begin, at).trimEnd(), parameters }
  }
}

const unquoted = (value: string) =>
  value.startsWith('"') ? value.slice(1, -1).replace(/\\(.)/g, '$1') : value
