/**
 * Accents and vowel points, which searches may omit. The voicing of kana is not among them: か is
 * not が.
 */
const accents = /(?![\u3099\u309A])(?=\p{M})[\p{sc=Zinh}\p{sc=Hebr}\p{sc=Arab}]/gu

/** Letters that Unicode does not decompose, in the spelling used on keyboards without them. */
const spellings: Readonly<Record<string, string>> = {
  ß: 'ss', æ: 'ae', œ: 'oe', ø: 'o', đ: 'd', ð: 'd', ħ: 'h', ł: 'l', ı: 'i', þ: 'th', ŧ: 't', ς: 'σ'
}
const respelled = new RegExp(`[${Object.keys(spellings).join('')}]`, 'g')

const word = /[\p{L}\p{N}\p{M}\p{Co}]+/gu
/** Scripts without spaces between words, and Korean, which appends endings to words. */
const spaceless =
  /[\p{scx=Han}\p{scx=Hira}\p{scx=Kana}\p{scx=Bopo}\p{scx=Hang}\p{scx=Thai}\p{scx=Laoo}\p{scx=Khmr}\p{scx=Mymr}\p{scx=Tibt}]+/gu
const isPlain = /^[\0-\x7F]*$/

/** Folds text for comparison: without case, accents and compatibility forms. */
function fold (text: string): string {
  if (isPlain.test(text)) return text.toLowerCase()
  return text.normalize('NFKD').replace(accents, '').normalize('NFC').toLowerCase()
    .replace(respelled, (letter) => spellings[letter] ?? letter)
}

/** Word, or run of characters of a script without spaces. */
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

/** Returns overlapping pairs: 東京都 as 東京, 京都. */
function pairs (text: string): string[] {
  const characters = Array.from(text)
  return characters.slice(1).map((second, index) => `${characters[index] ?? ''}${second}`)
}

/**
 * Returns the words of a text for the search index: folded and separated by spaces. A run of
 * characters without spaces is indexed as its overlapping pairs and its last character, so that any
 * part of it is found, as in Lucene's CJK analyzer.
 * @example searchWords('Café 東京都') // 'cafe 東京 京都 都'
 */
export function searchWords (text: string): string {
  return runs(text).map(({ text, isSpaceless }) =>
    isSpaceless ? [...pairs(text), ...Array.from(text).slice(-1)].join(' ') : text).join(' ')
}

/** Part of a search: words of the index that follow each other, or the beginning of one. */
export interface SearchTerm {
  readonly words: readonly string[]
  readonly isBeginning: boolean
}

/**
 * Returns the terms of a client's search, all of which a product must have: every word, at least
 * its beginning, and every run of characters without spaces anywhere inside such a run. Punctuation
 * separates words.
 */
export function searchTerms (text: string): SearchTerm[] {
  const terms = runs(text).map(({ text, isSpaceless }) => {
    const found = isSpaceless ? pairs(text) : []
    return found.length > 0
      ? { words: found, isBeginning: false }
      : { words: [text], isBeginning: true }
  })
  return [...new Map(terms.map((term) => [JSON.stringify(term), term])).values()]
}

/**
 * Converts a client's search to an FTS5 expression. FTS5's own syntax (quotes, `*`, `-`, `AND`) has
 * no effect here, and `AND` is a word.
 * @returns undefined if the text has no word, so that nothing can match it
 */
export function matchExpression (text: string): string | undefined {
  const terms = searchTerms(text).map(({ words, isBeginning }) =>
    `"${words.join(' ')}"${isBeginning ? '*' : ''}`)
  return terms.length === 0 ? undefined : terms.join(' ')
}
