import type { EdgeDestination, EdgeHeaders, EdgeResponse } from './destination.js'
import { edgeTags } from './tags.js'

/** Tag of every response, in addition to its own: an invalidation of it empties every edge. */
export const EVERYTHING = 'weir:everything'

type Fields = Record<string, string | readonly string[]>

/** Fields of responses for all destinations. */
export interface EdgeFields {
  /**
   * Returns the fields of a response with these tags.
   *
   * A destination that cannot carry all tags, or could not purge the response by each of them, gets
   * `no-store` instead: it would not learn of every invalidation.
   * @param seconds lifetime at the edge, 2^31 at most; undefined leaves it to the response's
   *   Cache-Control
   * @param response needed if `isByTarget`: without it such destinations get `no-store`
   */
  stored (
    tags: readonly string[],
    seconds: number | undefined,
    response?: Omit<EdgeResponse, 'tags'>
  ): Fields
  /** True if the fields depend on the request's target, because a destination has `mayStore`. */
  readonly isByTarget: boolean
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
  const kinds = destinations.flatMap(({ headers, mayStore }) =>
    headers === undefined ? [] : [{ ...headers, mayStore }])
  return {
    isByTarget: kinds.some(({ mayStore }) => mayStore !== undefined),
    stored (tags, seconds, response) {
      const forms = edgeTags([...tags, EVERYTHING])
      const fields: Fields = {}
      const refused: EdgeHeaders[] = []
      for (const kind of kinds) {
        const isPurgeable = kind.mayStore === undefined || isAllowed(kind.mayStore, tags, response)
        const lines = isPurgeable ? linesOf(forms, kind) : undefined
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

/** A rule that fails allows nothing: the response itself is not to fail. */
function isAllowed (
  mayStore: NonNullable<EdgeDestination['mayStore']>,
  tags: readonly string[],
  response: Omit<EdgeResponse, 'tags'> | undefined
): boolean {
  try {
    return response !== undefined && mayStore({ ...response, tags: [...tags, EVERYTHING] })
  } catch {
    return false
  }
}

/** The longest lifetime that caches have to understand, in seconds (RFC 9111, 1.2.2). */
const LONGEST_LIFETIME = 2 ** 31

function lifetimeOf ({ cacheControl = 'cdn-cache-control', lifetime }: EdgeHeaders, given: number) {
  const seconds = Math.min(given, LONGEST_LIFETIME)
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
