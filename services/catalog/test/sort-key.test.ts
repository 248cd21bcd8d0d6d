import t from 'tap'
import { createRandom } from '../src/db/seed/random.js'
import { sortKey } from '../src/text/sort-key.js'

/** Returns the characters from one to another, in the order of their code points. */
function range (first: string, last: string): string[] {
  const from = first.charCodeAt(0)
  return Array.from({ length: last.charCodeAt(0) - from + 1 }, (_, index) =>
    String.fromCharCode(from + index)
  )
}

const alphabets = {
  ASCII: range(' ', '~'),
  // All but the Catalan l·l, which ICU treats as a letter of its own.
  'Latin-1 and Latin Extended-A': [
    ...range('À', 'ſ').filter((character) => /[^Ŀŀ\P{L}]/u.test(character)),
    ...'aeoszAEOSZ '
  ],
  'Latin Extended Additional': [...range('Ḁ', 'ẙ'), ...range('Ạ', 'ỹ'), ...'aeiouy '],
  punctuation: Array.from('‘’“”„«»‹›–—-_.,;:!?¡¿()[]{}§¶@*/\\&#%‰†•·…€£$©®™°+×=<>|~ab 1½²'),
  Cyrillic: [...range('а', 'я'), ...range('А', 'Я'), ...'ёйґєіїўђљњћџјЁЙҐЄІЇЎ '],
  Greek: [...range('α', 'ω'), ...range('Α', 'Ρ'), ...'άέήίόύώϊϋΐΰΆΈ '],
  Hebrew: [...range('א', 'ת'), ' '],
  Georgian: [...range('ა', 'ჰ'), ' '],
  kana: [...range('ぁ', 'ん'), ...range('ァ', 'ヴ')],
  Korean: Array.from('가나다라마바사각넋힣강갛뷁 '),
  mixed: Array.from('aZä0 9-żЯяωΩ가あア中国א!,(%‘"éßœł')
}

const byBytes = (a: string, b: string) =>
  Buffer.compare(Buffer.from(sortKey(a)), Buffer.from(sortKey(b)))

t.test('names sort as in Intl.Collator, in each script', async (t) => {
  const { compare } = new Intl.Collator('en')
  const random = createRandom(17)
  for (const [script, alphabet] of Object.entries(alphabets)) {
    const name = () =>
      Array.from({ length: random.between(0, 5) }, () => random.pick(alphabet)).join('')
    const wrong: string[] = []
    for (let pair = 0; pair < 10_000; pair++) {
      const [a, b] = [name(), name()]
      if (Math.sign(byBytes(a, b)) !== Math.sign(compare(a, b))) wrong.push(`${a} ${b}`)
    }
    t.same(wrong.slice(0, 10), [], script)
  }
})

t.test('Ä is next to A, and accents and case decide between otherwise equal names', async (t) => {
  t.same(['Zebra', 'Ärmel', 'azur', 'Arm', 'Öse', 'Oste'].sort(byBytes), [
    'Arm',
    'Ärmel',
    'azur',
    'Öse',
    'Oste',
    'Zebra'
  ])
  t.same(['Coté', 'côte', 'Cote', 'cote', 'côté', 'coté'].sort(byBytes), [
    'cote',
    'Cote',
    'coté',
    'Coté',
    'côte',
    'côté'
  ])
  t.equal(byBytes('Cafe\u0301', 'Caf\u00E9'), 0, 'composed or not')
})

t.test('any text has a key that SQLite preserves', async (t) => {
  const random = createRandom(5)
  for (let round = 0; round < 2_000; round++) {
    const text = Array.from({ length: random.between(0, 8) }, () =>
      String.fromCodePoint(
        random.pick([random.between(0, 0xd7ff), random.between(0xe000, 0x10ffff)])
      )
    ).join('')
    const key = sortKey(text)
    if (Buffer.from(key).toString() !== key || key.includes('\0')) t.fail(JSON.stringify(text))
  }
})
