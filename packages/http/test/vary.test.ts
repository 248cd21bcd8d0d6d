import t from 'tap'
import {
  selectStored,
  variantKey,
  varyNames,
  type Headers,
  type HeaderValue,
  type Policy
} from '../src/index.js'
import { at, policy } from './support/exchange.js'

t.test('RFC 9111 4.1, RFC 9110 12.5.5: the names in Vary', async (t) => {
  const table: [HeaderValue, readonly string[] | '*'][] = [
    [undefined, []],
    ['', []],
    [',', []],
    ['Accept', ['accept']],
    ['accept-language,Accept-Encoding', ['accept-encoding', 'accept-language']],
    [' accept ,\taccept-encoding ', ['accept', 'accept-encoding']],
    [', accept,,', ['accept']],
    ['accept, Accept, ACCEPT', ['accept']],
    [['accept', 'x-a, cookie'], ['accept', 'cookie', 'x-a']],
    ['*', '*'],
    ['accept, *', '*'],
    [['accept', '*'], '*'],
    ['accept encoding', '*'],
    ['"accept"', '*'],
    ['accept;q=1', '*']
  ]
  for (const [field, names] of table) t.strictSame(varyNames(field), names, JSON.stringify(field))
})

t.test('RFC 9111 4.1: which requests match', async (t) => {
  const table: [name: string, header: string, a: HeaderValue, b: HeaderValue, match: boolean][] = [
    ['the same', 'x-a', '1', '1', true],
    ['another', 'x-a', '1', '2', false],
    ['case counts for unknown fields', 'x-a', 'a', 'A', false],
    ['both absent', 'x-a', undefined, undefined, true],
    ['absent and present', 'x-a', undefined, '1', false],
    ['absent and empty', 'x-a', undefined, '', false],
    [
      'absent and empty Accept-Encoding (RFC 9110 12.5.3)',
      'accept-encoding',
      undefined,
      '',
      false
    ],
    ['whitespace around it', 'x-a', ' 1 ', '1', true],
    ['whitespace around members', 'x-a', '1 ,\t2', '1,2', true],
    ['whitespace in a member', 'x-a', '1 2', '12', false],
    ['whitespace in quotes', 'x-a', '"1, 2"', '"1,2"', false],
    ['escaped quotes in quotes', 'x-a', '"1\\", 2"', '"1\\",2"', false],
    ['empty members', 'x-a', ', 1,,2 ,', '1, 2', true],
    ['several lines', 'x-a', ['1', '2'], '1, 2', true],
    ['order', 'x-a', '1, 2', '2, 1', false],
    ['a number', 'x-a', 1, '1', true],
    ...['authorization', 'cookie', 'from', 'host', 'origin', 'referer', 'user-agent'].map(
      (header): [string, string, string, string, boolean] => [
        `a comma in ${header}, which is no list`,
        header,
        'x (a,b)',
        'x (a, b)',
        false
      ]
    ),
    ['whitespace around what is no list', 'cookie', ' a=1', 'a=1', true]
  ]
  for (const [name, header, a, b, match] of table) {
    t.equal(
      variantKey([header], { [header]: a }) === variantKey([header], { [header]: b }),
      match,
      name
    )
  }
})

t.test('RFC 9110 12.5.3: Accept-Encoding that says the same', async (t) => {
  const table: [HeaderValue, string][] = [
    ['gzip', 'gzip'],
    ['GZip', 'gzip'],
    ['gzip, br', 'br,gzip'],
    ['br,gzip', 'br,gzip'],
    ['gzip;q=1', 'gzip'],
    ['gzip;q=1.000', 'gzip'],
    ['gzip;Q=0.50', 'gzip;q=0.5'],
    ['gzip \t;\t q=0.5', 'gzip;q=0.5'],
    ['gzip;q=0.5, br', 'br,gzip;q=0.5'],
    ['br;q=0.5, gzip;q=0.8', 'gzip;q=0.8,br;q=0.5'],
    ['br;q=0.9, gzip;q=0.99', 'gzip;q=0.99,br;q=0.9'],
    ['x-gzip, X-Compress', 'compress,gzip'],
    ['x-gzip, gzip', 'gzip'],
    ['gzip, gzip', 'gzip'],
    // Unlisted codings are not acceptable, so a weight of 0 adds nothing ...
    ['br, gzip;q=0', 'br'],
    // ... except for identity, and next to `*`.
    ['br, identity;q=0', 'br,identity;q=0'],
    ['gzip;q=0, *', '*,gzip;q=0'],
    ['br, *;q=0', 'br,*;q=0'],
    ['identity', 'identity'],
    ['gzip, identity', 'gzip,identity'],
    ['*', '*'],
    ['', ''],
    // Values with invalid syntax stay unchanged.
    ['gzip;q=2, BR', 'gzip;q=2,BR'],
    ['gzip;q=0.1234, BR', 'gzip;q=0.1234,BR'],
    ['gzip;q=1.5, BR', 'gzip;q=1.5,BR'],
    ['gzip;q=, BR', 'gzip;q=,BR'],
    ['gzip;level=1, BR', 'gzip;level=1,BR'],
    ['g zip, BR', 'g zip,BR'],
    ['gzip;q=0.5, gzip, BR', 'gzip;q=0.5,gzip,BR']
  ]
  for (const [field, normal] of table) {
    t.equal(
      variantKey(['accept-encoding'], { 'accept-encoding': field }),
      `accept-encoding:${normal}`,
      JSON.stringify(field)
    )
  }
})

t.test('RFC 9110 12.5.4: Accept-Language that says the same', async (t) => {
  const table: [HeaderValue, string][] = [
    ['de', 'de'],
    ['de-AT', 'de-at'],
    ['de, en;q=0.8', 'de,en;q=0.8'],
    ['en;q=0.80,de;q=1.0', 'de,en;q=0.8'],
    ['en;q=0.8, fr;q=0.9, de', 'de,fr;q=0.9,en;q=0.8'],
    // Many servers treat the order of equals as a preference.
    ['fr, de', 'fr,de'],
    ['en;q=0.5, fr, de', 'fr,de,en;q=0.5'],
    ['de, *;q=0.1', 'de,*;q=0.1'],
    ['de, en;q=0', 'de,en;q=0'],
    ['x-gzip', 'x-gzip'],
    ['de;q=x, EN', 'de;q=x,EN']
  ]
  for (const [field, normal] of table) {
    t.equal(
      variantKey(['accept-language'], { 'accept-language': field }),
      `accept-language:${normal}`,
      JSON.stringify(field)
    )
  }
})

t.test('variantKey keeps names apart', async (t) => {
  t.equal(variantKey([], { 'x-a': '1' }), '')
  t.equal(variantKey(['accept', 'x-a'], { accept: 'b', 'x-a': '1' }), 'accept:b\nx-a:1')
  t.equal(variantKey(['x-a', 'x-b'], { 'x-b': '1' }), 'x-a\nx-b:1')
})

t.test('RFC 9111 4, 4.1: which of several stored responses', async (t) => {
  const made = (
    name: string,
    seconds: number,
    vary?: string,
    request: Headers = {}
  ): { name: string; policy: Policy } => ({
    name,
    policy: policy(
      { 'cache-control': 'max-age=900', date: at(seconds), ...(vary !== undefined && { vary }) },
      { request }
    )
  })
  const de = made('de', -30, 'accept-language', { 'accept-language': 'de' })
  const en = made('en', -20, 'accept-language', { 'accept-language': 'en' })
  const enLater = made('en later', -10, 'accept-language', { 'accept-language': 'EN' })
  const enGzip = made('en gzip', -15, 'accept-language, accept-encoding', {
    'accept-language': 'en',
    'accept-encoding': 'gzip'
  })
  const plain = made('plain', -5)
  const plainEarlier = made('plain earlier', -25)
  const table: [
    name: string,
    stored: { name: string; policy: Policy }[],
    request: Headers,
    selected: string | undefined
  ][] = [
    ['none is stored', [], {}, undefined],
    ['none matches', [de, en], { 'accept-language': 'fr' }, undefined],
    ['none without the header', [de, en], {}, undefined],
    ['the one that matches', [de, en], { 'accept-language': 'de' }, 'de'],
    ['after normalization', [de, en], { 'accept-language': 'DE;q=1.0' }, 'de'],
    ['the most recent that matches', [en, enLater], { 'accept-language': 'en' }, 'en later'],
    ['in any order', [enLater, en], { 'accept-language': 'en' }, 'en later'],
    [
      'by all of its names',
      [en, enGzip],
      { 'accept-language': 'en', 'accept-encoding': 'gzip' },
      'en gzip'
    ],
    [
      'not by some of them',
      [enGzip, en],
      { 'accept-language': 'en', 'accept-encoding': 'br' },
      'en'
    ],
    ['one without Vary matches all', [plain], { 'accept-language': 'fr' }, 'plain'],
    ['the most recent without Vary', [plainEarlier, plain], {}, 'plain'],
    [
      'one with Vary before a more recent one without',
      [plain, en],
      { 'accept-language': 'en' },
      'en'
    ],
    ['whichever comes first', [en, plain], { 'accept-language': 'en' }, 'en'],
    [
      'one without Vary where none with it matches',
      [en, plain],
      { 'accept-language': 'fr' },
      'plain'
    ]
  ]
  for (const [name, stored, request, selected] of table) {
    t.equal(selectStored(stored, request)?.name, selected, name)
  }
})
