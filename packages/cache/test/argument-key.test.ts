import t from 'tap'
import { isDeepStrictEqual } from 'node:util'
import { runInNewContext } from 'node:vm'
import { argumentKey } from '../src/argument-key.js'
import { randomFrom } from './random.js'

const at = (regExp: RegExp, lastIndex: number) => Object.assign(regExp, { lastIndex })

t.test('equal arguments have the same key, whatever the order of their members', (t) => {
  const pairs: [readonly unknown[], readonly unknown[]][] = [
    [[{ a: 1, b: 2 }], [{ b: 2, a: 1 }]],
    [[{ a: { d: 1, c: [] } }], [{ a: { c: [], d: 1 } }]],
    [
      [
        new Map([
          ['a', 1],
          ['b', 2]
        ])
      ],
      [
        new Map([
          ['b', 2],
          ['a', 1]
        ])
      ]
    ],
    [[new Set([1, 2, '3'])], [new Set(['3', 2, 1])]],
    [[new Date(5)], [new Date(5)]],
    [[at(/a/g, 1)], [at(/a/g, 1)]],
    [[new Array(2000).fill(1)], [new Array(2000).fill(1)]],
    [
      [
        runInNewContext(
          '[new Set([/a/, new Date(5)]), new Float32Array(2), new DataView(new ArrayBuffer(1))]'
        )
      ],
      [[new Set([/a/, new Date(5)]), new Float32Array(2), new DataView(new ArrayBuffer(1))]]
    ],
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
    [],
    [undefined],
    [undefined, undefined],
    [null],
    [''],
    ['', ''],
    ['undefined'],
    ['null'],
    [0],
    [-0],
    ['0'],
    [0n],
    ['0n'],
    [NaN],
    [Infinity],
    [-Infinity],
    ['NaN'],
    [true],
    ['true'],
    [false],
    ['a,b'],
    ['a', 'b'],
    ['"a","b"'],
    [['a', 'b']],
    ['["a","b"]'],
    ['a","b'],
    ['(1)'],
    [1],
    [[1]],
    [[[1]]],
    [[]],
    [[[]]],
    [{}],
    ['{}'],
    [{ a: 1 }],
    [{ a: undefined }],
    [{ 'a":1,"b': 2 }],
    [{ a: 1, b: 2 }],
    [{ a: { b: 2 } }],
    [{ a: 1 }, { b: 2 }],
    [new Map()],
    [new Set()],
    [new Map([['a', 1]])],
    [new Map([[{ a: 1 }, 1]])],
    [new Set(['a', 1])],
    [new Set(['a']), 1],
    [new Date(1)],
    [new Date(NaN)],
    ['Date(1)'],
    [new URL('http://a')],
    ['http://a/'],
    [new URLSearchParams('a=1')],
    ['a=1'],
    [/a/],
    [/a/g],
    ['/a/'],
    [Buffer.from('a')],
    [new Uint8Array([97])],
    [new Uint16Array([97])],
    [new Float64Array([97])],
    [new Array(1)],
    [[undefined]],
    [['empty']],
    [at(/a/g, 1)],
    [at(/a/g, 2)],
    ['a'],
    ['\ud800'],
    ['\ud801'],
    ['\\ud800'],
    ['\ufffd'],
    ['\u0000'],
    [['\u0000']]
  ]
  const keys = all.map(argumentKey)
  t.equal(new Set(keys).size, all.length)
  t.ok(keys.every((key) => !/\p{Cs}/u.test(key)), 'each is a key that a store accepts')
  t.end()
})

t.test('generated arguments: keys are equal if and only if the data is', (t) => {
  const below = randomFrom(18)
  const pick = <V>(values: readonly V[]): V => values[below(values.length)] as V
  const names = ['a', 'b', '"', ',', ':', '}', '']
  const value = (depth: number): unknown => {
    const kind = below(depth > 2 ? 3 : 6)
    switch (kind) {
      case 0:
        return pick([0, 1, -1, 1.5, 10n, true, null, undefined])
      case 1:
      case 2:
        return Array.from({ length: below(3) }, () => pick(names)).join('')
      case 3:
        return Array.from({ length: below(3) }, () => value(depth + 1))
      case 4:
        return new Map(Array.from({ length: below(3) }, () => [pick(names), value(depth + 1)]))
      default:
        return Object.fromEntries(
          Array.from({ length: below(3) }, () => [pick(names), value(depth + 1)])
        )
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
    for (const other of distinct.slice(0, i)) {
      if (isDeepStrictEqual(args, other)) t.fail(argumentKey(args as unknown[]))
    }
  }
  t.ok(byKey.size > 500 && byKey.size < seen.length, `${byKey.size} of ${seen.length}`)
  t.end()
})

t.test('arguments that are not data are rejected by name', (t) => {
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
    t.throws(() => argumentKey(args), {
      code: 'WEIR_CACHE_INVALID_ARGUMENT',
      message: new RegExp(message.replace(/[()[\]]/g, '\\$&'))
    })
  }
  t.end()
})

/** One object of each kind that may be an argument. */
const kinds: Readonly<Record<string, () => object>> = {
  'plain object': () => ({ a: 1 }),
  'empty object': () => ({}),
  'object without a prototype': () => Object.assign(Object.create(null) as object, { a: 1 }),
  array: () => ['a', 'b'],
  'empty array': () => [],
  'array with holes': () => new Array<unknown>(3),
  'long array': () => Array.from({ length: 5000 }, (_, i) => i),
  Map: () => new Map([['a', 1]]),
  Set: () => new Set([1]),
  Date: () => new Date(0),
  RegExp: () => /a/g,
  URL: () => new URL('http://a'),
  URLSearchParams: () => new URLSearchParams('a=1'),
  DataView: () => new DataView(new ArrayBuffer(2)),
  Buffer: () => Buffer.from('ab'),
  'long Buffer': () => Buffer.alloc(5000),
  Uint8Array: () => new Uint8Array(2),
  Float64Array: () => new Float64Array(2),
  'long BigInt64Array': () => new BigInt64Array(5000),
  'of another realm': () => runInNewContext('new Map([[1, [2]]])') as object,
  'array of another realm': () => runInNewContext('["a"]') as object,
  'typed array of another realm': () => runInNewContext('new Int16Array(4)') as object
}

/** Members an object may have besides the data of its kind. */
const decorations: Readonly<Record<string, (object: object) => void>> = {
  'a symbol': (object) => {
    Object.assign(object, { [Symbol('extra')]: 1 })
  },
  'a hidden symbol': (object) => {
    Object.defineProperty(object, Symbol.toStringTag, { value: 'Array' })
  },
  'a hidden member': (object) => {
    Object.defineProperty(object, 'extra', { value: 1 })
  },
  'a getter': (object) => {
    Object.defineProperty(object, 'extra', { get: () => 1, enumerable: true })
  },
  'a hidden constructor': (object) => {
    Object.defineProperty(object, 'constructor', { value: Array })
  },
  'a function': (object) => {
    Object.assign(object, { toString: () => 'a' })
  },
  'a class': (object) => {
    Object.setPrototypeOf(object, class {}.prototype)
  },
  'a class on its own': (object) => {
    Object.setPrototypeOf(
      object,
      Object.create(Object.getPrototypeOf(object) as object | null) as object
    )
  },
  'a class of its name': (object) => {
    const named = { [object.constructor?.name ?? 'Object']: class {} }
    Object.setPrototypeOf(object, Object.values(named)[0]?.prototype as object)
  },
  'a class that extends null': (object) => {
    Object.setPrototypeOf(object, Object.create(null) as object)
  }
}

/** Plain objects treat these as data, or do not have them at all. */
const members: Readonly<Record<string, (object: object) => void>> = {
  'a member': (object) => { Object.assign(object, { extra: 1 }) },
  'no prototype': (object) => { Object.setPrototypeOf(object, null) },
  'a plain prototype': (object) => { Object.setPrototypeOf(object, Object.prototype) }
}

/** Typed arrays treat these as elements that they do not have. */
const numbers: Readonly<Record<string, (object: object) => void>> = {
  'a negative number': (object) => { Object.assign(object, { '-1': 1 }) },
  'a number beyond indices': (object) => { Object.assign(object, { 4294967295: 1 }) }
}

t.test('generated: objects with more than the data of their kind are rejected, at any depth', (t) => {
  for (const [kind, make] of Object.entries(kinds)) {
    t.equal(argumentKey([make()]), argumentKey([make()]), kind)
    const hasMembers = kind.includes('object')
    const more = { ...decorations, ...!hasMembers && members, ...kind.includes('array') && numbers }
    for (const [what, decorate] of Object.entries(more)) {
      const object = make()
      // A URL without its prototype cannot be recognized.
      if (kind.startsWith('URL') && what in members && what !== 'a member') continue
      if (what in numbers && ArrayBuffer.isView(object)) continue
      decorate(object)
      for (const args of [[object], [1, { deep: [new Map([['key', object]])] }]]) {
        t.throws(
          () => argumentKey(args),
          { code: 'WEIR_CACHE_INVALID_ARGUMENT' },
          `${kind} with ${what}`
        )
      }
    }
  }
  t.throws(() => argumentKey(['xb'.match(/b/)]), {
    message: /^argument 1 has the member 'groups', and cannot be part of a key/
  })
  t.throws(() => argumentKey([Object.assign(new Date(0), { zone: 'utc' })]), {
    message: /^argument 1 has the member 'zone'/
  })
  t.end()
})
