import t from 'tap'
import { formatCacheGroups, parseCacheGroups, type HeaderValue } from '../src/index.js'

t.test('parseCacheGroups: a List of Strings, or nothing (RFC 9875 2)', async (t) => {
  const table: [HeaderValue, string[]][] = [
    [undefined, []],
    ['', []],
    ['"scripts"', ['scripts']],
    ['"product:7", "products"', ['product:7', 'products']],
    [['"a"', '"b"'], ['a', 'b']],
    ['"a";foo=1, "b"', ['a', 'b']],
    ['"a", "a"', ['a']],
    ['"a\\"b"', ['a"b']],
    // One invalid member makes the whole field invalid (RFC 9651 4.2).
    ['"a", b', []],
    ['"a", 1', []],
    ['"a", ("b")', []],
    ['"a', []],
    ['"a",', []],
    [7, []]
  ]
  for (const [field, expected] of table) {
    t.strictSame(parseCacheGroups(field), expected, JSON.stringify(field))
  }
})

t.test(
  'formatCacheGroups names a group the same way every time, whatever it is called',
  async (t) => {
    t.equal(formatCacheGroups([]), '')
    t.equal(formatCacheGroups(['products', 'product:7']), '"products", "product:7"')
    t.equal(formatCacheGroups(['a"b\\']), '"a\\"b\\\\"')
    t.equal(formatCacheGroups(['käse\r\n']), '"k%C3%A4se%0D%0A"')
    t.strictSame(parseCacheGroups(formatCacheGroups(['a"b\\', 'c, d'])), ['a"b\\', 'c, d'])
  }
)

t.test('at least 32 groups of 32 characters (RFC 9875 2), compared case by case', async (t) => {
  const groups = Array.from({ length: 200 }, (_, i) => String(i).padStart(200, 'gG'))
  t.strictSame(parseCacheGroups(formatCacheGroups(groups)), groups)
  t.strictSame(parseCacheGroups('"a", "A"'), ['a', 'A'])
})
