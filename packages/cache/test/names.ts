import { keyTag } from '../src/entry.js'
import { randomFrom } from './random.js'

const controls = Array.from({ length: 33 }, (_, i) => String.fromCharCode(i === 32 ? 0x7f : i))

/** Names that a store, a script, a message or a frame could misread. */
const ODD = [
  ...controls,
  ...controls.map((control) => `a${control}b`),
  'a',
  'b',
  'ab',
  'A',
  ' ',
  'a ',
  ' a',
  'a  b',
  '\u0002clock',
  '\u0002floor',
  '\u0002first',
  '\u0002history:',
  '\u0002=x',
  '\u0002=\u0002=x',
  '\u0002!k',
  '\u0002!',
  '\u0002=',
  '\u0002\u0002',
  '\u0001x',
  '\u0001\u0001x',
  'clock',
  'floor',
  '=x',
  'x',
  '!k',
  'k',
  'k:fill',
  'k}:fill',
  '{',
  '}',
  '{}',
  '{=}',
  '{=k}',
  '}{',
  '{a}b',
  ':',
  '::',
  'n:k',
  'tags',
  'replaced',
  '"',
  '\\',
  '\\"',
  "'",
  '`',
  '["a","b"]',
  'a","b',
  '["invalidate","1"]',
  '\\n',
  '\\u0000',
  '/',
  '\\/',
  '</script>',
  '%00',
  '%',
  '*',
  '?',
  '[a]',
  '--',
  ';',
  'NULL',
  '$1',
  '-inf',
  '+inf',
  '(1',
  '[a',
  '0',
  '-1',
  '1e3',
  'NaN',
  'é',
  'e\u0301',
  'ﬁ',
  'fi',
  'ß',
  'ss',
  'İ',
  'i\u0307',
  '🔑',
  '👩‍👩‍👧‍👦',
  '🇩🇪',
  '\u{10ffff}',
  '\u{1f511}\u{fe0f}',
  '\u2028',
  '\u2029',
  '\ufeff',
  '\ufeffa',
  '\u200b',
  'a\u200bb',
  '\u202eabc',
  '\ufffd',
  '\uffff',
  '\u0080',
  '\u07ff',
  '\u0800',
  'ключ',
  '鍵',
  '__proto__',
  'constructor',
  'toString',
  'hasOwnProperty',
  'x'.repeat(65_536),
  `${'x'.repeat(65_535)}y`,
  '\n'.repeat(65_536),
  '🔑'.repeat(16_384),
  '\0'.repeat(1000),
  '"'.repeat(1000)
]

/**
 * Returns different names for keys and tags: the ones above, and random combinations of their
 * parts, none equal to the tag of another's key.
 */
export function names (seed: number, count: number): readonly string[] {
  const random = randomFrom(seed)
  const pieces = ODD.filter((name) => name.length < 100)
  const all = new Set(ODD)
  while (all.size < count) {
    all.add(
      Array.from({ length: 1 + random(4) }, () => pieces[random(pieces.length)] ?? '').join('')
    )
  }
  return [...all].filter(
    (name) => !(name.length > 1 && all.has(name.slice(1)) && name === keyTag(name.slice(1)))
  )
}
