/**
 * Accents and vowel points, without which people search too. The voicing of kana is none: か is not
 * が.
 */
const accents = /(?![\u3099\u309A])(?=\p{M})[\p{sc=Zinh}\p{sc=Hebr}\p{sc=Arab}]/gu

/** Letters that Unicode does not decompose, as people without them on their keyboard write them. */
const spellings: Readonly<Record<string, string>> = {
  ß: 'ss', æ: 'ae', œ: 'oe', ø: 'o', đ: 'd', ð: 'd', ħ: 'h', ł: 'l', ı: 'i', þ: 'th', ŧ: 't', ς: 'σ'
}
const respelled = new RegExp(`[${Object.keys(spellings).join('')}]`, 'g')

const word = /[\p{L}\p{N}\p{M}\p{Co}]+/gu
/** Scripts that put no space between words, and Korean, which puts other words' endings there. */
const spaceless =
  /[\p{scx=Han}\p{scx=Hira}\p{scx=Kana}\p{scx=Bopo}\p{scx=Hang}\p{scx=Thai}\p{scx=Laoo}\p{scx=Khmr}\p{scx=Mymr}\p{scx=Tibt}]+/gu
const isPlain = /^[\0-\x7F]*$/

/** The text as it is compared: without case, accents and compatibility forms. */
function fold (text: string): string {
  if (isPlain.test(text)) return text.toLowerCase()
  return text.normalize('NFKD').replace(accents, '').normalize('NFC').toLowerCase()
    .replace(respelled, (letter) => spellings[letter] ?? letter)
}

/** A word, or a run of characters of a script without spaces. */
interface Run {
  readonly text: string
  readonly isSpaceless: boolean
}

function runs (text: string): Run[] {
  return (fold(text).match(word) ?? []).flatMap((found): Run[] => {
    if (isPlain.test(found)) return [{ text: found, isSpaceless: false }]
    let from = 0
    const parts: Run[] = []
    for (const { 0: part, index } of found.matchAll(spaceless)) {
      if (index > from) parts.push({ text: found.slice(from, index), isSpaceless: false })
      parts.push({ text: part, isSpaceless: true })
      from = index + part.length
    }
    return from < found.length ? [...parts, { text: found.slice(from), isSpaceless: false }] : parts
  })
}

/** Each two neighbours: 東京都 as 東京, 京都. */
function pairs (text: string): string[] {
  const characters = Array.from(text)
  return characters.slice(1).map((second, index) => `${characters[index] ?? ''}${second}`)
}

/**
 * Makes what the search index has of a text: its words, folded, separated by spaces. A run of
 * characters without spaces is there as its overlapping pairs and its last character, so that any
 * part of it is found, as in Lucene's CJK analyzer.
 * @example searchWords('Café 東京都') // 'cafe 東京 京都 都'
 */
export function searchWords (text: string): string {
  return runs(text).map(({ text, isSpaceless }) =>
    isSpaceless ? [...pairs(text), ...Array.from(text).slice(-1)].join(' ') : text).join(' ')
}

/**
 * Makes an FTS5 expression of what a client searches for: every word, each perhaps only begun,
 * every run of characters without spaces anywhere inside such a run. FTS5's own syntax (quotes,
 * `*`, `-`, `AND`) is no syntax here: signs separate words, and `AND` is one.
 * @returns undefined where the text has no word, so that nothing can match it
 */
export function matchExpression (text: string): string | undefined {
  const terms = new Set(runs(text).map(({ text, isSpaceless }) => {
    const found = isSpaceless ? pairs(text) : []
    return found.length > 0 ? `"${found.join(' ')}"` : `"${text}"*`
  }))
  return terms.size === 0 ? undefined : [...terms].join(' ')
}
