/** SQL as a database reads it: without comments, with texts and quoted names separated. */
export interface SqlText {
  /**
   * Comments become a space. Texts and quoted names become their position in `texts`, as `'0'` and
   * `"1"`; a name followed by `(` stays bare.
   */
  readonly code: string
  readonly texts: readonly string[]
}

interface Grammar {
  /** Matches one token. Unclosed quotes do not match. */
  readonly token: RegExp
  readonly hasNestedComments: boolean
}

const TAG = String.raw`[\p{L}_][\p{L}\p{N}_]*`
const WORD = String.raw`[\p{L}_][\p{L}\p{N}_$]*`
const PLAIN = '[\\s\\d(),.=<>*?;]+'
const grammar = (
  comment: string,
  text: string,
  name: string,
  quotes: string,
  hasNestedComments: boolean
): Grammar => ({
  token: new RegExp(
    `(?<comment>${comment})|(?<text>${text})|(?<name>${name})|(?<other>${WORD}|${PLAIN}|[^${quotes}])`,
    'uy'
  ),
  hasNestedComments
})

const SQLITE = grammar(
  String.raw`--[^\n]*|/\*[^]*?(?:\*/|$)`,
  String.raw`'(?:[^']|'')*'`,
  '"(?:[^"]|"")*"|`(?:[^`]|``)*`|\\[[^\\]]*\\]',
  '\'"`\\[',
  false
)
const POSTGRES = grammar(
  String.raw`--[^\n\r]*`,
  String.raw`[eE]'(?:[^'\\]|''|\\[^])*'|'(?:[^']|'')*'|\$(?<tag>(?:${TAG})?)\$[^]*?\$\k<tag>\$`,
  '"(?:[^"]|"")*"',
  '\'"',
  true
)

/**
 * Returns the ways in which SQLite and Postgres read the text.
 *
 * They differ in nested comments, escapes, dollar quotes and brackets. Readings for which the text
 * is malformed are left out, unless there is no other.
 */
export function readingsOf (sql: string): readonly SqlText[] {
  const asIs = { code: sql, texts: [] }
  if (!/['"`[$]|--|\/\*/.test(sql)) return [asIs]
  const readings = [SQLITE, POSTGRES]
    .map((grammar) => read(sql, grammar))
    .filter((reading) => reading !== undefined)
  return readings.length > 0 ? readings : [asIs]
}

/** @returns undefined if a quote or a comment is not closed */
function read (sql: string, { token, hasNestedComments }: Grammar): SqlText | undefined {
  const texts: string[] = []
  let code = ''
  for (let at = 0; at < sql.length;) {
    const isNested = hasNestedComments && sql.startsWith('/*', at)
    token.lastIndex = at
    const found = isNested ? undefined : token.exec(sql)
    const end = isNested ? endOfComment(sql, at) : found === null ? undefined : token.lastIndex
    if (end === undefined) return undefined
    const { text, name, other } = found?.groups ?? {}
    if (text !== undefined) code += `'${texts.push(contentOf(text)) - 1}'`
    else if (name !== undefined) { code += isCalled(sql, end) ? ` ${contentOf(name)}` : `"${texts.push(contentOf(name)) - 1}"` } else code += other ?? ' '
    at = end
  }
  return { code, texts }
}

function endOfComment (sql: string, from: number): number | undefined {
  const mark = /\/\*|\*\//g
  mark.lastIndex = from
  let depth = 0
  do {
    const found = mark.exec(sql)
    if (found === null) return undefined
    depth += found[0] === '/*' ? 1 : -1
  } while (depth > 0)
  return mark.lastIndex
}

const contentOf = (quoted: string) =>
  quoted.replace(/^(?:[eE]?'|["`[]|\$[^$]*\$)|(?:['"`\]]|\$[^$]*\$)$/g, '')

const CALL = /\s*\(/y

function isCalled (sql: string, at: number): boolean {
  CALL.lastIndex = at
  return CALL.test(sql)
}
