import type { Random } from '../coherence/random.js'

/**
 * What clients, scanners and mistakes put where a number, a name or an id belongs; as it stands in
 * a URL.
 */
const ODD: readonly string[] = [
  '', '0', '-0', '-1', '01', '+1', '1e0', '0x1', '1.0', '1.5', '%201', '1%20', '%0A1', '1%0D%0Ax:%20y', '1e309', '-1e309',
  '1e-400', 'Infinity', 'NaN',
  '9007199254740991', '9007199254740993', '99999999999999999999999999', '2147483648', 'null', 'undefined', 'true', '[]', '{}', '%5B%5D',
  '%', '%zz', '%00', '%FF', '%C3%28', '%ED%A0%80', '%F0%9F%8D%B3', '%C4%B0stanbul', '%E6%9D%B1%E4%BA%AC', 'e%CC%81', '%E2%80%AE',
  '..', '%2e%2e', '..%2f..%2fetc%2fpasswd', '%5C', '%2F', '.', '~', '*', '%22', '%27;--', '%22*', '%22%20OR%20%22',
  'NEAR(a%20b)', '-a', 'a:b', '(', '%25',
  '__proto__', 'constructor', 'toString', '%3Cscript%3E', '$%7B1%7D', ',', ',,', ';', '&', '=', '+', '%09', '1,2',
  'A'.repeat(120), 'b%20'.repeat(40),
  'c'.repeat(6000), '1'.repeat(400)
]

/** A value for a place in a URL: now and then the right one. */
export const urlValue = (random: Random, right: readonly string[]): string => random.chance(0.7) ? random.pick(right) : random.pick(ODD)

/** Header values of the same kind, bytes beyond ASCII among them. */
const ODD_FIELDS: readonly string[] = [
  '', ' ', ',', ', ,', ';', '"', '""', '"a', "'", '=', '*',
  '*/*', 'a', '0', '-1', '1e309', 'null', '\t', '\u00e4\u00ff', '\u0080', 'a=b;c', 'a, b', '\\', '"\\"',
  'x'.repeat(300), ',a'.repeat(500), '"a",'.repeat(200), 'a;q=1,'.repeat(100), '(((((', ')', '%00', '%7Bx%7D', '<>', '?0', ':',
  '::1', '1.2.3.4'
]

export const fieldValue = (random: Random, right: readonly string[]): string =>
  random.chance(0.7) ? random.pick(right) : random.pick(ODD_FIELDS)

/** JSON values, in place of those that a schema asks for. */
const ODD_JSON: readonly string[] = [
  'null', 'true', '0', '-1', '1.5', '1e309', '-1e309', '1e-400', '9007199254740993', '""', '" "', '"x"', '"\\u0000"',
  '"\\ud800"', '"\u{1f373}"',
  '[]', '{}', '[null]',
  '{"__proto__":1}', '{"constructor":{"prototype":1}}', '"1"', `"${'n'.repeat(5000)}"`, '1299', '"<script>"', '"\\u202e"'
]

export const jsonValue = (random: Random, right: readonly string[]): string =>
  random.chance(0.85) ? random.pick(right) : random.pick(ODD_JSON)
