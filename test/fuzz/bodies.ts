import type { Random } from '../coherence/random.js'
import { jsonValue } from './values.js'

const FIELDS: Readonly<Record<string, readonly string[]>> = {
  sku: ['"F-1"', '"F-2"', '"PAN-00017"'],
  name: ['"Tin Mug"', '"\u00c4pfel"'],
  description: ['"Light"', '""'],
  price: ['899', '0', '1000000000'],
  currency: ['"EUR"'],
  stock: ['12', '0'],
  categoryId: ['1', '5', '41'],
  slug: ['"pens"', '"f-1"'],
  tags: ['["products"]', '["product:1","categories"]'],
  urls: ['["/api/products/1"]', '["/api/weather/current?city=Berlin"]'],
  all: ['true']
}

/** Shapes that bodies are meant to have. */
const SHAPES: readonly (readonly string[])[] = [
  ['sku', 'name', 'categoryId', 'price'],
  ['sku', 'name', 'description', 'categoryId', 'price', 'currency', 'stock'],
  ['price'],
  ['stock'],
  ['name', 'price'],
  ['slug', 'name'],
  ['slug', 'name', 'description'],
  ['tags'],
  ['urls'],
  ['all'],
  ['tags', 'all']
]

const WHOLE: readonly Buffer[] = [
  '',
  ' ',
  'null',
  '[]',
  '{}',
  '""',
  '1',
  '{',
  '}',
  '{"price":1',
  '{"price":1}{"price":2}',
  '\ufeff{"price":1}',
  '{"price":1,"price":2}',
  '{"__proto__":{"x":1}}',
  '{"constructor":{"prototype":{"x":1}}}',
  "{'price':1}",
  'price=1&stock=2',
  '<x/>',
  '[{"op":"replace","path":"/price","value":1}]',
  '['.repeat(20_000),
  '{"a":'.repeat(5000),
  `{"description":"${'d'.repeat(200_000)}"}`,
  `{"description":"${'e'.repeat(1_100_000)}"}`
]
  .map((text) => Buffer.from(text))
  .concat([
    Buffer.from([0x7b, 0x22, 0x6e, 0x61, 0x6d, 0x65, 0x22, 0x3a, 0x22, 0xff, 0xfe, 0x22, 0x7d]),
    Buffer.from([0xc3, 0x28]),
    Buffer.alloc(100),
    Buffer.from('{"price":1}', 'utf16le')
  ])

/** Forms of the shop. */
const FORMS: readonly string[] = [
  'etag=%221-1%22&name=Pan&sku=PAN-1&price=12.50&stock=3&categoryId=1&description=x',
  'etag=&name=&sku=&price=&stock=&categoryId=&description=',
  'role=reader',
  'role=owner',
  'token=a.b.c',
  'token=',
  'role=reader&role=admin',
  'role[]=admin',
  '__proto__=x&role=reader',
  'token=%',
  `token=${'x'.repeat(6000)}`,
  '&&=&',
  'etag'
]

/**
 * Makes a body for a write: an object of known fields with odd values among them, or something
 * entirely different.
 */
export function bodyOf (random: Random): Buffer {
  if (random.chance(0.2)) return random.pick(WHOLE)
  if (random.chance(0.1)) return Buffer.from(random.pick(FORMS))
  const members = random
    .pick(SHAPES)
    .filter(() => random.chance(0.95))
    .map((name) => `${JSON.stringify(name)}:${jsonValue(random, FIELDS[name] ?? [])}`)
  if (random.chance(0.1)) {
    members.push(
      `${JSON.stringify(random.pick(['id', 'version', 'x', '__proto__', 'toString', '']))}:${jsonValue(random, ['1'])}`
    )
  }
  return Buffer.from(`{${members.join(',')}}`)
}

export const CONTENT_TYPES: readonly string[] = [
  ...Array<string>(12).fill('application/json'),
  ...Array<string>(4).fill('application/merge-patch+json'),
  'application/json; charset=utf-8',
  'application/json; charset=latin1',
  'application/json;charset=utf-16',
  'APPLICATION/JSON',
  'text/plain',
  ...Array<string>(4).fill('application/x-www-form-urlencoded'),
  'multipart/form-data; boundary=x',
  'application/json-patch+json',
  'application/problem+json',
  'text/html',
  '',
  'json',
  '*/*',
  'application/json, text/plain',
  'application/'
]
