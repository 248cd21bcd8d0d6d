/** An entity tag (RFC 9110 8.8.3); `opaque` is the text between the quotes. */
export interface EntityTag {
  readonly weak: boolean
  readonly opaque: string
}

// etagc is VCHAR except the double quote, plus obs-text: a tag may contain a comma.
const single = /^[ \t]*(W\/)?"([\x21\x23-\x7e\x80-\xff]*)"[ \t]*$/
const member = /(W\/)?"([\x21\x23-\x7e\x80-\xff]*)"[ \t]*(?=,|$)/y
const gap = /[ \t,]*/y

/**
 * Parses an ETag field; undefined if it is not a single entity tag.
 * @example parseEntityTag('W/"a"') // { weak: true, opaque: 'a' }
 */
export function parseEntityTag (field: string): EntityTag | undefined {
  return tagOf(single.exec(field))
}

/**
 * Parses an If-Match or If-None-Match field (RFC 9110 13.1.1, 13.1.2): `*` or a list of tags.
 *
 * Members that are not entity tags are skipped, so they match nothing.
 */
export function parseEntityTags (field: string): '*' | EntityTag[] {
  if (field.trim() === '*') return '*'
  const tags: EntityTag[] = []
  let at = 0
  for (;;) {
    gap.lastIndex = at
    gap.exec(field)
    at = gap.lastIndex
    if (at >= field.length) return tags
    member.lastIndex = at
    const tag = tagOf(member.exec(field))
    if (tag === undefined) {
      const comma = field.indexOf(',', at)
      if (comma === -1) return tags
      at = comma
    } else {
      tags.push(tag)
      at = member.lastIndex
    }
  }
}

/** Strong comparison (RFC 9110 8.8.3.2), for If-Match and wherever bytes must be identical. */
export function strongMatch (a: EntityTag, b: EntityTag): boolean {
  return !a.weak && !b.weak && a.opaque === b.opaque
}

/** Weak comparison (RFC 9110 8.8.3.2), for If-None-Match. */
export function weakMatch (a: EntityTag, b: EntityTag): boolean {
  return a.opaque === b.opaque
}

function tagOf (match: RegExpExecArray | null): EntityTag | undefined {
  if (match === null) return undefined
  const [, weak, opaque = ''] = match
  return { weak: weak !== undefined, opaque }
}
