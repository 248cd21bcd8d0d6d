import { collationOrder } from './collation-order.js'

/** Sorts after every position in the table, and before characters without one. */
const NO_PLACE = '\u07FF'
/** CLDR sorts Korean between the European scripts and Japanese. */
const HANGUL = '\u07FE'
const LEVEL = '\u0001'
/** First weight of a level, above the level's terminator. */
const FIRST = 0x20
/** Letter that is more than a plain letter with a mark: sorts after all marks. */
const LIGATED = '\uE000'

/** Accents in order (CLDR root); others follow by code point. */
const accents = Array.from(
  '\u0313\u0314\u0301\u0300\u0306\u0302\u030C\u030A\u0342\u0308\u030B\u0303\u0307\u0338\u0327\u0328\u0304\u0335\u0309'
)

/** Letters that CLDR decomposes but Unicode does not. */
const decompositions: ReadonlyMap<string, string> = new Map([
  ['ß', `s${LIGATED}s`],
  ['ẞ', `S${LIGATED}S`],
  ['æ', `a${LIGATED}e`],
  ['Æ', `A${LIGATED}E`],
  ['œ', `o${LIGATED}e`],
  ['Œ', `O${LIGATED}E`],
  ['ð', `d${LIGATED}`],
  ['Ð', `D${LIGATED}`],
  ['ø', 'o\u0338'],
  ['Ø', 'O\u0338'],
  ['đ', 'd\u0335'],
  ['Đ', 'D\u0335'],
  ['ħ', 'h\u0335'],
  ['Ħ', 'H\u0335'],
  ['ł', 'l\u0335'],
  ['Ł', 'L\u0335'],
  // CLDR treats it as a letter of its own, unlike Unicode.
  ['и\u0306', 'й'],
  ['И\u0306', 'Й']
])
const decomposable = new RegExp([...decompositions.keys()].join('|'), 'gu')

/**
 * Returns the sort key of a name: `sortKey(a) < sortKey(b)`, byte by byte, if readers expect `a`
 * before `b`. Letters count first, then accents, then case: cote, Cote, coté, côte.
 *
 * SQLite has no ICU, and an index must not depend on the ICU of the process that reads it. The
 * order is therefore that of the CLDR root collation, as in `Intl.Collator`, from a table in this
 * folder and from Unicode's normalization, which never changes. Scripts that are not in the table
 * sort by code point.
 * @example sortKey('Ärmel') < sortKey('Azur') // true
 */
export function sortKey (text: string): string {
  let letters = ''
  let marks = ''
  let forms = ''
  for (const character of text
    .normalize('NFKD')
    .replace(decomposable, (found) => decompositions.get(found) ?? found)) {
    const { letter, mark, form } = placed.get(character) ?? weigh(character)
    letters += letter
    marks += mark
    forms += form
  }
  return `${letters}${LEVEL}${trimmed(marks)}${LEVEL}${trimmed(forms)}`
}

/** Contribution of one character to each level. */
interface Weights {
  readonly letter: string
  readonly mark: string
  readonly form: string
}

const IGNORED: Weights = { letter: '', mark: '', form: '' }

function weigh (character: string): Weights {
  if (character === LIGATED || /\p{Script=Inherited}/u.test(character)) {
    return { ...IGNORED, mark: markWeight(character) }
  }
  if (/[\p{C}\p{Z}]/u.test(character)) return IGNORED
  const lower = character.toLowerCase()
  const { kana, form } = plainKana(lower)
  return weightsOf(
    (/\p{Script=Hangul}/u.test(kana) ? HANGUL : NO_PLACE) + kana,
    form,
    lower !== character
  )
}

function markWeight (mark: string): string {
  const place = accents.indexOf(mark)
  return place < 0 ? mark : String.fromCharCode(FIRST + 1 + place)
}

const weightsOf = (letter: string, form: number, isUpper: boolean): Weights =>
  ({ letter, mark: ' ', form: String.fromCharCode(FIRST + 2 * form + (isUpper ? 1 : 0)) })

/** Weights of the characters in the table. */
const placed: ReadonlyMap<string, Weights> = new Map(
  Array.from(collationOrder, ([lower, { place, form }]) => {
    const upper = lower.toUpperCase()
    const letter = String.fromCharCode(FIRST + place)
    return [
      ...(upper.toLowerCase() === lower ? [[upper, weightsOf(letter, form, true)] as const] : []),
      [lower, weightsOf(letter, form, false)] as const
    ]
  }).flat())

/** Converts katakana to hiragana, and small letters to large ones: they differ in form only. */
function plainKana (character: string): { kana: string, form: number } {
  const code = character.charCodeAt(0)
  const isKatakana = code >= 0x30A1 && code <= 0x30F6
  const hiragana = isKatakana ? String.fromCharCode(code - 0x60) : character
  const large = 'ぁあぃいぅうぇえぉおっつゃやゅゆょよゎわゕかゖけ'
  const at = large.indexOf(hiragana)
  const isSmall = at >= 0 && at % 2 === 0
  return {
    kana: isSmall ? large.charAt(at + 1) : hiragana,
    form: (isKatakana ? 2 : 0) + (isSmall ? 0 : 1)
  }
}

/** Removes the plain weights at the end of a level. */
function trimmed (weights: string): string {
  let end = weights.length
  while (weights[end - 1] === ' ') end -= 1
  return weights.slice(0, end)
}
