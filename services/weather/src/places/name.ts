/**
 * A name as it is in keys and calls: what only looks different is the same.
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

/** A name without accents, to compare it with one that was typed: `são paulo` is `sao paulo`. */
export const plain = (name: string) => folded(name).normalize('NFD').replace(/\p{M}/gu, '')

/**
 * A name with a comma, taken apart: `Springfield, Illinois, US` is a place, and regions that it is
 * in.
 */
export function qualified (city: string): { head: string, regions: readonly string[] } | undefined {
  const [head = '', ...regions] = folded(city).split(',').map((part) => part.trim())
  const named = regions.filter((region) => region !== '')
  return head === '' || named.length === 0 ? undefined : { head, regions: named }
}

/**
 * Whether a text names a region, as people write it: by its name, a part of it, or its initials.
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
