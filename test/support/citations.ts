/** A test that a page cites for a requirement. */
export interface Citation {
  /** Path from the repository's root. */
  readonly file: string
  /** The name of the test, or of a row of its table; undefined: the whole file. */
  readonly name: string | undefined
}

const FILE = /`([\w./-]+\.test\.ts)`/
const TOKEN = new RegExp(
  `${FILE.source}|\\*\\*(\\w+)\\*\\*|(the same)|"([^"]+)"|(;)|\`[^\`]*\``, 'g')

/**
 * Finds the tests that a page about a specification cites: a file in backticks, then names in
 * quotes. A file without a folder is in `packages/http/test`. "The same" is the file cited last;
 * `**alias**` is defined in the page's head. A page whose head names a default file may cite tests
 * without a file, at the beginning or after a semicolon.
 *
 * @example citations('| 13.1.2 | ... | `etag.test.ts` "the comparison table" |')
 */
export function citations (page: string): Citation[] {
  const legend = page.matchAll(new RegExp(`\\*\\*(\\w+)\\*\\*\\s+is\\s+${FILE.source}`, 'g'))
  const aliases = new Map([...legend].map(([, alias = '', file = '']) => [alias, file]))
  const byDefault = new RegExp(`without a folder are in\\s+${FILE.source}`).exec(page)?.[1]
  let last = byDefault
  return blocksOf(page).flatMap((block) => {
    const found: Citation[] = []
    let file = byDefault
    for (const [, named, alias = '', same, name, end] of block.matchAll(TOKEN)) {
      if (named !== undefined || aliases.has(alias)) {
        file = last = named ?? aliases.get(alias) ?? ''
        found.push({ file: pathOf(file), name: undefined })
      } else if (same !== undefined) file = last
      else if (end !== undefined) file = byDefault ?? file
      else if (name !== undefined && file !== undefined) found.push({ file: pathOf(file), name })
    }
    return found
  })
}

const pathOf = (file: string) => file.includes('/') ? file : `packages/http/test/${file}`

/** The last cells of tables, and the paragraphs and items of lists; no code and no headings. */
function blocksOf (page: string): string[] {
  const text = page.replace(/^```[^]*?^```$/gm, '')
  return text.split(/\n\n+|\n(?=\s*(?:[-*]|\d+\.|\|) ?)/).flatMap((block) => {
    const line = block.trim()
    if (line.startsWith('#')) return []
    const cited = line.startsWith('|') ? line.split(/(?<!\\)\|/).at(-2) ?? '' : line
    return [cited.replace(/\s+/g, ' ')]
  })
}

/** Whether the source of a test contains that name, of a test or of a row. */
export function hasText (source: string, name: string): boolean {
  const plain = source.replace(/\\(['"])/g, '$1')
  if (['\'', '"', '`'].some((quote) => plain.includes(quote + name + quote))) return true
  // Names of tests that are generated for each of several values.
  return [...source.matchAll(/test\(\s*`([^`]*\$\{[^`]*)`/g)].some(([, template = '']) => {
    const parts = template.split(/\$\{[^}]*\}/)
      .map((part) => part.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&'))
    return new RegExp(`^${parts.join('.+')}$`).test(name)
  })
}
