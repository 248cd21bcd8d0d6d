/**
 * A list without the whitespace that its syntax allows around members, and without empty members
 * (RFC 9110 5.6.1). What is quoted stays as it is.
 */
export function normalizeList (value: string): string {
  return members(value).join(',')
}

/**
 * Accept-Encoding in one of the many ways to say the same (RFC 9110 12.5.3): names in lower case,
 * `x-gzip` and `x-compress` by their other name (8.4.1), weights as short as can be, most wanted
 * first. What the syntax does not allow is compared as it is.
 *
 * @example normalizeEncodings('gzip;q=0.50, BR, deflate;q=0') // 'br,gzip;q=0.5'
 */
export function normalizeEncodings (value: string): string {
  const weighted = parseWeighted(value, (name) => aliases.get(name) ?? name)
  if (weighted === undefined) return normalizeList(value)
  // What is not listed is not acceptable either, but for identity and where there is a `*`.
  const anything = weighted.some(({ name }) => name === '*')
  const said = weighted.filter(({ name, weight }) => weight > 0 || anything || name === 'identity')
  return serialize(said.sort((a, b) => b.weight - a.weight || (a.name < b.name ? -1 : 1)))
}

/**
 * Accept-Language with its ranges in lower case and the most wanted first. Ranges of the same
 * weight keep their order: many servers go by it (RFC 9110 12.5.4).
 *
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

/**
 * Undefined if a member is something else than a name with a weight (RFC 9110 12.4.2), or has two
 * of them.
 */
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
 * Splits at commas outside of quotes. A quote without its end is a character like any other, and so
 * are those after it.
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
