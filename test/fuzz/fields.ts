import type { Random } from '../coherence/random.js'
import { tokenOf } from '../support/catalog.js'
import { fieldValue } from './values.js'

/** Header fields, and their intended values. */
const FIELDS: Readonly<Record<string, readonly string[]>> = {
  accept: ['*/*', 'application/json', 'text/html', 'image/png;q=0.1', 'application/json;q=0'],
  'accept-encoding': ['gzip', 'br', 'identity', 'identity;q=0', '*;q=0', 'gzip;q=2'],
  'accept-language': ['de'],
  'accept-charset': ['utf-16'],
  range: [
    'bytes=0-9',
    'bytes=-1',
    'bytes=5-',
    'bytes=9999999-',
    'bytes=0-0,-1',
    'bytes=0-1,2-3,4-5',
    'items=0-1',
    'bytes=a-b',
    'bytes=5-1'
  ],
  'if-range': ['"1-1"', 'W/"1-1"', 'Sat, 28 Nov 2026 10:00:00 GMT'],
  'if-none-match': ['"1-1"', '*', 'W/"17-1"', '"a", "b"'],
  'if-match': ['"1-1"', '*', 'W/"17-1"', '"17-1", "17-2"'],
  'if-modified-since': [
    'Sat, 28 Nov 2026 10:00:00 GMT',
    'Sunday, 06-Nov-94 08:49:37 GMT',
    'Sat, 31 Feb 2099 99:99:99 GMT'
  ],
  'if-unmodified-since': ['Sat, 28 Nov 2026 10:00:00 GMT', 'Sun Nov  6 08:49:37 1994'],
  'cache-control': [
    'no-cache',
    'no-store',
    'max-age=0',
    'only-if-cached',
    'min-fresh=10',
    'max-stale',
    'max-stale=5, no-transform',
    'max-age=-1',
    'max-age=99999999999999999999'
  ],
  pragma: ['no-cache'],
  cookie: [
    'a=b',
    'session=1; session=2',
    `weir_shop=${tokenOf('editor')}`,
    `a=b; weir_shop=${tokenOf('admin')}`,
    'weir_shop=x'
  ],
  'content-encoding': ['gzip', 'identity', 'x'],
  'content-language': ['de'],
  expect: ['100-continue', '200-ok'],
  te: ['trailers'],
  trailer: ['x'],
  origin: ['https://shop.example', 'null'],
  'access-control-request-method': ['GET', 'PUT', 'x'],
  'access-control-request-headers': ['x-a, x-b'],
  'x-forwarded-for': [
    '203.0.113.7',
    '203.0.113.7:4711',
    '[2001:db8::1]:443',
    '64:ff9b::203.0.113.7',
    'unknown',
    '1.2.3.4, 5.6.7.8'
  ],
  'x-forwarded-proto': ['https', 'http', 'ftp'],
  'x-forwarded-host': ['shop.example', 'shop.example:99999', 'a b'],
  forwarded: ['for=203.0.113.7;proto=https', 'for="[2001:db8::1]:443"'],
  'x-request-id': ['a', 'x'.repeat(64), 'x'.repeat(65)],
  'x-api-key': ['ci.abc'],
  'x-http-method-override': ['DELETE'],
  'user-agent': ['fuzz'],
  referer: ['http://x/'],
  via: ['1.1 x'],
  prefer: ['return=minimal'],
  upgrade: ['h2c', 'websocket'],
  'sec-fetch-mode': ['navigate'],
  'sec-fetch-site': ['same-origin', 'cross-site'],
  'last-event-id': ['1'],
  'content-md5': ['x'],
  'content-range': ['bytes 0-1/2']
}
/** Fields that keep a request from its route. */
const RARE = ['expect', 'upgrade', 'content-encoding', 'trailer']
const NAMES = Object.keys(FIELDS).filter((name) => !RARE.includes(name))

/** Draws a few fields, most with intended values. */
export function fieldsOf (random: Random): [name: string, value: string][] {
  return Array.from({ length: Math.floor(random.between(0, 4)) }, (): [string, string] => {
    const name = random.pick(random.chance(0.02) ? RARE : NAMES)
    return [random.chance(0.1) ? name.toUpperCase() : name, fieldValue(random, FIELDS[name] ?? [])]
  })
}
