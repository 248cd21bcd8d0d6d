import t from 'tap'
import {
  formatNoVarySearch,
  parseNoVarySearch,
  type HeaderValue,
  type QueryVariance,
  selectingQuery
} from '../src/index.js'

const only = (names: readonly string[], anyOrder = false): QueryVariance => ({
  anyOrder,
  selecting: 'only',
  names
})
const others = (names: readonly string[], anyOrder = false): QueryVariance => ({
  anyOrder,
  selecting: 'others',
  names
})

t.test('section 5: a field and its variance', async (t) => {
  const table: [HeaderValue, QueryVariance][] = [
    ['key-order', others([], true)],
    ['key-order=?1', others([], true)],
    ['params', only([])],
    ['params=?1', only([])],
    ['params=("a")', others(['a'])],
    ['params=("b" "a" "b")', others(['a', 'b'])],
    ['params, except=("x")', only(['x'])],
    ['except=("x"), params', only(['x'])],
    ['params, except=()', only([])],
    ['params, key-order, except=("x" "y")', only(['x', 'y'], true)],
    ['key-order, params=("utm" "gclid")', others(['gclid', 'utm'], true)],
    ['key-order, params=()', others([], true)],
    ['key-order, params=?0', others([], true)],
    ['key-order=?0, params', only([])],
    [['key-order', 'params=("a")'], others(['a'], true)],
    ['params=("a"), params=("b")', others(['b'])],
    ['params;q=1, except=("x";q=2);r', only(['x'])],
    ['key-order, unknown="x", later=(1 2), another', others([], true)],
    ['params=("%C3%A9+%E6%B0%97")', others(['é 気'])],
    ['params=("a%62" "%2b" "a&b" "c=d" "?e" "")', others(['', '+', '?e', 'a&b', 'ab', 'c=d'])],
    ['params=("%f6")', others(['\ufffd'])]
  ]
  for (const [field, variance] of table) {
    t.strictSame(parseNoVarySearch(field), variance, JSON.stringify(field))
  }
})

t.test('section 5: a field that has the default variance', async (t) => {
  const fields: HeaderValue[] = [
    undefined,
    '',
    [],
    'unknown-key',
    'params=?0',
    'params=()',
    'key-order=?0',
    'key-order=?0, params=()',
    'key-order="not a boolean"',
    'key-order=1',
    'key-order=(), params',
    'params="not a boolean or inner list"',
    'params=a',
    'params=(not-a-string)',
    'params=("a" 1)',
    'params=("a"), except=("x")',
    'params=(), except=()',
    'params=?0, except=("x")',
    'params, except=(not-a-string)',
    'params, except="not an inner list"',
    'params, except=?1',
    'params, except=("a" b)',
    'except=("x")',
    'except=()',
    'key-order, except=("x")',
    'params, key-order=2',
    'params=("a',
    'params=("é")',
    'Params',
    'params,',
    '*'
  ]
  for (const field of fields) t.equal(parseNoVarySearch(field), undefined, JSON.stringify(field))
})

t.test('a variance and its field', async (t) => {
  const table: [QueryVariance, string][] = [
    [only([]), 'params'],
    [only([], true), 'key-order, params'],
    [only(['a', 'b'], true), 'key-order, params, except=("a" "b")'],
    [others(['utm'], true), 'key-order, params=("utm")'],
    [others([], true), 'key-order'],
    [only(['é 気', 'a"\\&=#?']), 'params, except=("%C3%A9+%E6%B0%97" "a%22%5C%26%3D%23%3F")']
  ]
  for (const [variance, field] of table) t.equal(formatNoVarySearch(variance), field)
})

t.test('section 6: queries that are equivalent, and queries that are not', async (t) => {
  const table: [field: string, a: string, b: string, equivalent: boolean][] = [
    ['params=("x")', '?a=1&x=2', '?x=3&a=1&x', true],
    ['params=("x")', '?a=1', '?a=2', false],
    ['params=("x")', '?a=1&b=2', '?b=2&a=1', false],
    ['params=("x")', '?a=1&X=2', '?a=1', false],
    ['params=("x")', '?', '', true],
    ['params', '?a=1', '', true],
    ['params, except=("a")', '?a=1&b=2', '?c=3&a=1', true],
    ['params, except=("a")', '?a=1', '?a=2', false],
    ['params, except=("a")', '?a=1', '?a=1&a=1', false],
    ['params, except=("a")', '?a=', '', false],
    ['params, except=("a" "b")', '?a=1&b=2', '?b=2&a=1', false],
    ['key-order, params, except=("a" "b")', '?a=1&b=2', '?b=2&x&a=1', true],
    ['key-order', '?a=1&b=2&a=3', '?b=2&a=1&a=3', true],
    ['key-order', '?a=1&a=2', '?a=2&a=1', false],
    ['key-order', '?a=1&b=2', '?a=2&b=1', false],
    ['key-order', '?a=x', '?%61=%78', true],
    ['key-order', '?a=x&&&&', '?a=x', true],
    ['key-order', '?a=', '?a', true],
    ['key-order', '?a=%20', '?a=+', true],
    ['key-order', '?a=%2B', '?a=+', false],
    ['key-order', '?a=%c3%a9', '?a=%C3%A9', true],
    ['key-order', '?a=%f6', '?a=%ef%bf%bd', true],
    ['key-order', '?a=1%26b=2', '?a=1&b=2', false],
    ['key-order', '?a%3D1', '?a=1', false],
    ['key-order', '?a=b=c', '?a=b%3Dc', true],
    ['key-order', '??a', '?a', false],
    ['key-order', '?=', '', false],
    ['params=("%61+b")', '?a%20b=1', '?a+b=2', true]
  ]
  for (const [field, a, b, equivalent] of table) {
    const variance = parseNoVarySearch(field)
    if (variance === undefined) throw new TypeError(field)
    t.equal(
      selectingQuery(variance, a) === selectingQuery(variance, b),
      equivalent,
      `${field}: ${a} and ${b}`
    )
  }
})

/** A generator of integers below a limit, the same for the same seed. */
const randomFrom = (seed: number) => (below: number): number => {
  seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648
  return Math.floor(seed / 65_536) % below
}

/** Section 6, step by step. */
function areEquivalent (
  { anyOrder, selecting, names }: QueryVariance,
  a: string,
  b: string
): boolean {
  const parse = (query: string) =>
    query
      .slice(1)
      .split('&')
      .filter((part) => part !== '')
      .map((part) => {
        const at = part.includes('=') ? part.indexOf('=') : part.length
        return [part.slice(0, at), part.slice(at + 1)].map((text) =>
          decodeURIComponent(text.replaceAll('+', ' '))
        )
      })
  const [listA, listB] = [a, b].map((query) => {
    const kept = parse(query).filter(([name = '']) =>
      selecting === 'only' ? names.includes(name) : !names.includes(name)
    )
    if (!anyOrder) return kept
    return [...new Set(kept.map(([name]) => name))]
      .sort()
      .flatMap((name) => kept.filter(([other]) => other === name))
  })
  return JSON.stringify(listA) === JSON.stringify(listB)
}

t.test(
  'section 6: generated queries have one text if and only if they are equivalent',
  async (t) => {
    const random = randomFrom(20261127)
    const one = <T>(list: readonly T[]): T => list[random(list.length)] as T
    const some = <T>(most: number, make: () => T): T[] =>
      Array.from({ length: random(most + 1) }, make)
    const NAMES = ['a', '%61', 'b', 'a%26', 'a&b', '', 'A', '+', '%20', '%C3%A9']
    const VALUES = ['', '=', '=1', '=%31', '=2', '=%26b=1', '==', '=+', '=%20']
    const query = () => `?${some(3, () => one(NAMES) + one(VALUES)).join('&')}`
    const seen = { same: 0, different: 0 }
    const wrong: unknown[] = []
    for (let i = 0; i < 50_000; i++) {
      const names = [...new Set(some(3, () => one(['a', 'b', 'a&', '', ' ', 'é'])))].sort()
      const variance: QueryVariance = {
        anyOrder: random(2) === 1,
        selecting: one(['only', 'others']),
        names
      }
      const [a, b] = [query(), query()]
      const [same, expected] = [
        selectingQuery(variance, a) === selectingQuery(variance, b),
        areEquivalent(variance, a, b)
      ]
      seen[expected ? 'same' : 'different']++
      if (same !== expected) wrong.push({ variance, a, b, expected })
      const isDefault = !variance.anyOrder && variance.selecting === 'others' && names.length === 0
      if (
        !isDefault &&
        JSON.stringify(parseNoVarySearch(formatNoVarySearch(variance))) !==
          JSON.stringify(variance)
      ) { wrong.push(variance) }
    }
    t.strictSame(wrong, [])
    t.ok(seen.same > 5000 && seen.different > 5000, JSON.stringify(seen))
  }
)
