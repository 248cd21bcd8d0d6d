/**
 * Normalizes a name for keys and calls: names that differ in appearance only become equal.
 * @example folded(' İSTANBUL ') // 'istanbul'
 */
export function folded (name: string): string {
  return name.normalize('NFKC')
    .replace(/\p{Pd}/gu, '-')
    .replace(/[‘’ʼ]/g, "'")
    .replace(/\s+/g, ' ')
    .replace(/ ?, ?/g, ', ')
    .trim()
    .toLowerCase()
    // The lower case of İ is an i with a second dot.
    .replaceAll('i\u0307', 'i')
}

/** Removes accents from a name, for comparison with typed text: `são paulo` is `sao paulo`. */
export const plain = (name: string) => folded(name).normalize('NFD').replace(/\p{M}/gu, '')

/** Splits a name at its commas: `Springfield, Illinois, US` is a place and its regions. */
export function qualified (city: string): { head: string, regions: readonly string[] } | undefined {
  const [head = '', ...regions] = folded(city).split(',').map((part) => part.trim())
  const named = regions.filter((region) => region !== '')
  return head === '' || named.length === 0 ? undefined : { head, regions: named }
}

/**
 * Returns whether a text names a region in a common form: its name, a part of it, or its initials.
 * @example isNamed('D.C.', 'District of Columbia') // true
 */
export function isNamed (text: string, region: string | null): boolean {
  if (region === null) return false
  const asked = plain(text)
  if (asked === plain(region) || region.split(',').some((part) => asked === plain(part))) {
    return true
  }
  const initials = region.match(/\p{Lu}/gu) ?? []
  return initials.length > 1 && asked.replace(/[. ]/g, '') === plain(initials.join(''))
}
