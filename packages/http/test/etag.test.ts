import t from 'tap'
import {
  parseEntityTag,
  parseEntityTags,
  strongMatch,
  weakMatch,
  type EntityTag
} from '../src/index.js'

const strong = (opaque: string): EntityTag => ({ weak: false, opaque })
const weak = (opaque: string): EntityTag => ({ weak: true, opaque })

t.test('parseEntityTag reads one entity tag (RFC 9110 8.8.3)', async (t) => {
  const table: [string, EntityTag | undefined][] = [
    ['"xyzzy"', strong('xyzzy')],
    ['W/"xyzzy"', weak('xyzzy')],
    ['""', strong('')],
    ['  "a" ', strong('a')],
    ['"a,b"', strong('a,b')],
    ['"a\\b"', strong('a\\b')],
    ['"\xe9"', strong('\xe9')],
    ['w/"a"', undefined],
    ['W/ "a"', undefined],
    ['xyzzy', undefined],
    ['"a', undefined],
    ['"a b"', undefined],
    ['"a", "b"', undefined],
    ['*', undefined],
    ['', undefined]
  ]
  for (const [field, expected] of table) t.strictSame(parseEntityTag(field), expected, field)
})

t.test(
  'parseEntityTags reads lists and `*`, and skips what is no tag (RFC 9110 13.1.1, 13.1.2)',
  async (t) => {
    const table: [string, '*' | EntityTag[]][] = [
      ['*', '*'],
      [' * ', '*'],
      ['"xyzzy"', [strong('xyzzy')]],
      [
        '"xyzzy", W/"r2d2xxxx","c3piozzzz"',
        [strong('xyzzy'), weak('r2d2xxxx'), strong('c3piozzzz')]
      ],
      ['"a,b" , "c"', [strong('a,b'), strong('c')]],
      [', ,"a",,"b",', [strong('a'), strong('b')]],
      ['a, "b"', [strong('b')]],
      ['"b", a', [strong('b')]],
      ['"a" "b", "c"', [strong('c')]],
      ['*, "a"', [strong('a')]],
      ['"a', []],
      ['', []]
    ]
    for (const [field, expected] of table) t.strictSame(parseEntityTags(field), expected, field)
  }
)

t.test('the comparison table of RFC 9110 8.8.3.2', async (t) => {
  const table: [EntityTag, EntityTag, boolean, boolean][] = [
    [weak('1'), weak('1'), false, true],
    [weak('1'), weak('2'), false, false],
    [weak('1'), strong('1'), false, true],
    [strong('1'), strong('1'), true, true]
  ]
  for (const [a, b, strongly, weakly] of table) {
    t.equal(strongMatch(a, b), strongly)
    t.equal(strongMatch(b, a), strongly)
    t.equal(weakMatch(a, b), weakly)
    t.equal(weakMatch(b, a), weakly)
  }
})
