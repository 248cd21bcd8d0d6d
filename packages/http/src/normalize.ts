/**
 * Removes optional whitespace around members, and empty members, from a list (RFC 9110 5.6.1).
 *
 * Quoted text is not changed.
 */
export function normalizeList (value: string): string {
  return members(value).join(',')
}

/**
 * Normalizes Accept-Encoding, which can express the same in many ways (RFC 9110 12.5.3).
 *
 * Names become lower case, `x-gzip` and `x-compress` get their other name (8.4.1), weights become
 * as short as possible, and the most preferred comes first. Values with invalid syntax are not
 * changed.
 * @example normalizeEncodings('gzip;q=0.50, BR, deflate;q=0') // 'br,gzip;q=0.5'
 */
export function normalizeEncodings (value: string): string {
  const weighted = parseWeighted(value, (name) => aliases.get(name) ?? name)
  if (weighted === undefined) return normalizeList(value)
  // Codings that are not listed are not acceptable, except identity, and unless there is a `*`.
  const anything = weighted.some(({ name }) => name === '*')
  const said = weighted.filter(({ name, weight }) => weight > 0 || anything || name === 'identity')
  return serialize(said.sort((a, b) => b.weight - a.weight || (a.name < b.name ? -1 : 1)))
}

/**
 * Normalizes Accept-Language: ranges in lower case, the most preferred first.
 *
 * Ranges of the same weight keep their order, on which many servers rely (RFC 9110 12.5.4).
 * @example normalizeLanguages('en;q=0.8, DE-at') // 'de-at,en;q=0.8'
 */
export function normalizeLanguages (value: string): string {
  const weighted = parseWeighted(value, (name) => name)
  return weighted === undefined
    ? normalizeList(value)
    : serialize(weighted.sort((a, b) => b.weight - a.weight))
}

interface Weighted {
  readonly name: string
  readonly weight: number
}

const aliases: ReadonlyMap<string, string> = new Map([
  ['x-gzip', 'gzip'],
  ['x-compress', 'compress']
])
const weightedName =
  /^([!#$%&'*+\-.^_`|~\dA-Za-z]+)(?:[ \t]*;[ \t]*[qQ]=(0(?:\.\d{0,3})?|1(?:\.0{0,3})?))?$/

/** Undefined if a member is not a name with at most one weight (RFC 9110 12.4.2). */
function parseWeighted (
  value: string,
  canonical: (name: string) => string
): Weighted[] | undefined {
  const weights = new Map<string, number>()
  for (const member of members(value)) {
    const [, text, q = '1'] = weightedName.exec(member) ?? []
    if (text === undefined) return undefined
    const name = canonical(text.toLowerCase())
    const weight = Number(q)
    if ((weights.get(name) ?? weight) !== weight) return undefined
    weights.set(name, weight)
  }
  return [...weights].map(([name, weight]) => ({ name, weight }))
}

const serialize = (weighted: readonly Weighted[]) =>
  weighted.map(({ name, weight }) => weight === 1 ? name : `${name};q=${weight}`).join(',')

const delimiter = /[",]/g
const closing = /(?:[^"\\]|\\.)*"/sy

/**
 * Splits at commas outside quotes. An unterminated quote is an ordinary character, and so are those
 * after it.
 */
function members (value: string): string[] {
  const found: string[] = []
  let [begin, at, isQuoting] = [0, 0, true]
  for (;;) {
    delimiter.lastIndex = at
    const match = delimiter.exec(value)
    if (match === null) break
    at = delimiter.lastIndex
    if (match[0] === ',') {
      found.push(value.slice(begin, match.index))
      begin = at
    } else if (isQuoting) {
      closing.lastIndex = at
      isQuoting = closing.test(value)
      if (isQuoting) at = closing.lastIndex
    }
  }
  found.push(value.slice(begin))
  return found.map((member) => member.trim()).filter((member) => member !== '')
}
