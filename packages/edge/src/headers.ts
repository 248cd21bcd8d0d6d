import type { EdgeDestination, EdgeHeaders } from './destination.js'
import { edgeTags } from './tags.js'

/** Tag of every response, in addition to its own: an invalidation of it empties every edge. */
export const EVERYTHING = 'weir:everything'

type Fields = Record<string, string | readonly string[]>

/** Fields of responses for all destinations. */
export interface EdgeFields {
  /**
   * Returns the fields of a response with these tags.
   *
   * A destination that cannot carry all tags gets `no-store` instead: it would not learn of every
   * invalidation.
   * @param seconds lifetime at the edge; undefined leaves it to the response's Cache-Control
   */
  stored (tags: readonly string[], seconds: number | undefined): Fields
  /** Returns the fields of a response without tags, which no destination may store. */
  unstored (): Fields
}

/**
 * Creates the fields by which destinations know a response's tags and its lifetime for them.
 * @example
 * const fields = edgeFields([fastly({ service, token })])
 * fields.stored(['product:42'], 86_400)
 * // { 'surrogate-key': 'product:42 weir:everything', 'surrogate-control': 'max-age=86400' }
 */
export function edgeFields (destinations: readonly EdgeDestination[]): EdgeFields {
  const kinds = destinations.flatMap(({ headers }) => headers === undefined ? [] : [headers])
  return {
    stored (tags, seconds) {
      const forms = edgeTags([...tags, EVERYTHING])
      const fields: Fields = {}
      const refused: EdgeHeaders[] = []
      for (const kind of kinds) {
        const lines = linesOf(forms, kind)
        if (lines === undefined) refused.push(kind)
        else {
          if (kind.tags !== undefined) {
            const [only = ''] = lines
            fields[kind.tags] = lines.length === 1 ? only : lines
          }
          if (seconds !== undefined) Object.assign(fields, lifetimeOf(kind, seconds))
        }
      }
      // Two destinations may share a field: the stricter word counts.
      for (const kind of refused) Object.assign(fields, lifetimeOf(kind, 0))
      return fields
    },
    unstored: () => Object.assign({}, ...kinds.map((kind) => lifetimeOf(kind, 0))) as Fields
  }
}

function lifetimeOf ({ cacheControl = 'cdn-cache-control', lifetime }: EdgeHeaders, seconds: number) {
  const text = lifetime?.(seconds) ?? (seconds === 0 ? 'no-store' : `max-age=${seconds}`)
  return { [cacheControl]: text }
}

/** Renders tags in as few lines as possible; undefined if they are too long together. */
function linesOf (
  tags: readonly string[],
  { separator = ' ', maxBytes = 16_000, maxLineBytes = maxBytes }: EdgeHeaders
): string[] | undefined {
  const lines: string[] = []
  let line = ''
  let total = 0
  for (const tag of tags) {
    total += tag.length + separator.length
    if (total > maxBytes) return undefined
    if (line !== '' && line.length + separator.length + tag.length > maxLineBytes) {
      lines.push(line)
      line = ''
    }
    line += line === '' ? tag : separator + tag
  }
  return [...lines, line]
}
