import t from 'tap'
import { isDeepStrictEqual } from 'node:util'
import { runInNewContext } from 'node:vm'
import { argumentKey } from '../src/argument-key.js'
import { randomFrom } from './random.js'

t.test('equal arguments have one key, in whatever order their members are', (t) => {
  const pairs: [readonly unknown[], readonly unknown[]][] = [
    [[{ a: 1, b: 2 }], [{ b: 2, a: 1 }]],
    [[{ a: { d: 1, c: [] } }], [{ a: { c: [], d: 1 } }]],
    [[new Map([['a', 1], ['b', 2]])], [new Map([['b', 2], ['a', 1]])]],
    [[new Set([1, 2, '3'])], [new Set(['3', 2, 1])]],
    [[new Date(5)], [new Date(5)]],
    [[new URL('http://a')], [new URL('http://a/')]],
    [[Object.assign(Object.create(null), { a: 1 })], [{ a: 1 }]],
    [[runInNewContext('({ a: [1, new Map([[1, 2]])] })')], [{ a: [1, new Map([[1, 2]])] }]],
    [[Buffer.from('abcd').subarray(1, 3)], [Buffer.from('bc')]]
  ]
  for (const [a, b] of pairs) t.equal(argumentKey(a), argumentKey(b))
  t.end()
})

t.test('different arguments have different keys', (t) => {
  const all: (readonly unknown[])[] = [
    [], [undefined], [undefined, undefined], [null], [''], ['', ''], ['undefined'], ['null'], [0], [-0], ['0'], [0n], ['0n'], [NaN],
    [Infinity], [-Infinity], ['NaN'], [true], ['true'], [false], ['a,b'], ['a', 'b'], ['"a","b"'], [['a', 'b']], ['["a","b"]'], ['a","b'],
    ['(1)'], [1], [[1]], [[[1]]], [[]], [[[]]], [{}], ['{}'], [{ a: 1 }], [{ a: undefined }], [{ 'a":1,"b': 2 }], [{ a: 1, b: 2 }],
    [{ a: { b: 2 } }], [{ a: 1 }, { b: 2 }], [new Map()], [new Set()], [new Map([['a', 1]])], [new Map([[{ a: 1 }, 1]])], [new Set(['a', 1])],
    [new Set(['a']), 1], [new Date(1)], [new Date(NaN)], ['Date(1)'], [new URL('http://a')], ['http://a/'], [new URLSearchParams('a=1')], ['a=1'], [/a/], [/a/g], ['/a/'],
    [Buffer.from('a')], [new Uint8Array([97])], [new Uint16Array([97])], [new Float64Array([97])], ['a'], ['\ud800'], ['\ud801'], ['\\ud800'],
    ['\ufffd'], ['\u0000'], [['\u0000']]
  ]
  const keys = all.map(argumentKey)
  t.equal(new Set(keys).size, all.length)
  t.ok(keys.every((key) => !/\p{Cs}/u.test(key)), 'each is a key that a store can keep')
  t.end()
})

t.test('generated arguments: keys are equal exactly if the data is', (t) => {
  const below = randomFrom(18)
  const pick = <V>(values: readonly V[]): V => values[below(values.length)] as V
  const names = ['a', 'b', '"', ',', ':', '}', '']
  const value = (depth: number): unknown => {
    const kind = below(depth > 2 ? 3 : 6)
    switch (kind) {
      case 0: return pick([0, 1, -1, 1.5, 10n, true, null, undefined])
      case 1: case 2: return Array.from({ length: below(3) }, () => pick(names)).join('')
      case 3: return Array.from({ length: below(3) }, () => value(depth + 1))
      case 4: return new Map(Array.from({ length: below(3) }, () => [pick(names), value(depth + 1)]))
      default: return Object.fromEntries(Array.from({ length: below(3) }, () => [pick(names), value(depth + 1)]))
    }
  }
  const byKey = new Map<string, unknown>()
  const seen: unknown[] = []
  for (let i = 0; i < 3000; i++) {
    const args = Array.from({ length: below(3) }, () => value(0))
    const key = argumentKey(args)
    const known = byKey.get(key)
    if (known !== undefined) t.ok(isDeepStrictEqual(known, args), key)
    else byKey.set(key, args)
    seen.push(args)
  }
  const distinct = [...byKey.values()].slice(0, 300)
  for (const [i, args] of distinct.entries()) {
    for (const other of distinct.slice(0, i)) if (isDeepStrictEqual(args, other)) t.fail(argumentKey(args as unknown[]))
  }
  t.ok(byKey.size > 500 && byKey.size < seen.length, `${byKey.size} of ${seen.length}`)
  t.end()
})

t.test('what is no data is refused, and named', (t) => {
  class Point { x = 1 }
  const circle: Record<string, unknown> = {}
  circle['self'] = [circle]
  let deep: unknown = 1
  for (let i = 0; i < 101; i++) deep = [deep]
  const table: [readonly unknown[], string][] = [
    [[() => 1], 'argument 1 is a function'],
    [[1, { user: { callback () {} } }], 'argument 2.user.callback is a function'],
    [[Symbol('a')], 'argument 1 is a symbol'],
    [[{ [Symbol('a')]: 1 }], 'argument 1 has the member Symbol(a)'],
    [[[new Point()]], 'argument 1[0] is an instance of Point'],
    [[new AbortController().signal], 'argument 1 is an instance of AbortSignal'],
    [[Promise.resolve()], 'argument 1 is an instance of Promise'],
    [[new WeakMap()], 'argument 1 is an instance of WeakMap'],
    [[new (class Ids extends Set {})()], 'argument 1 is an instance of Ids'],
    [[new Map([['a', () => 1]])], "argument 1.get('a') is a function"],
    [[circle], 'argument 1.self[0] is within itself'],
    [[deep], 'has more than 100 levels'],
    [[new (class extends Uint8Array {})(1)], 'is an instance of']
  ]
  for (const [args, message] of table) {
    t.throws(() => argumentKey(args), { code: 'WEIR_CACHE_INVALID_ARGUMENT', message: new RegExp(message.replace(/[()[\]]/g, '\\$&')) })
  }
  t.end()
})
