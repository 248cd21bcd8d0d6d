import type { FastifyInstance } from 'fastify'
import t, { type Test } from 'tap'
import { Type } from 'typebox'
import { loadEnv } from '../service/index.js'
import { random } from '@weir/internal/testing'
import { buildService } from './support/service-app.js'

/** Texts that are numbers in JavaScript, but not in JSON. */
const LOOSE = [
  '1e309',
  '-1e309',
  '1e999999',
  '9'.repeat(400),
  `0.${'0'.repeat(9)}1e400`,
  'Infinity',
  '-Infinity',
  '0x1',
  '0X1',
  '0b1',
  '0o1',
  '01',
  '-01',
  '00',
  '+1',
  ' 1',
  '1 ',
  '\n1',
  '1\t',
  '\u00a01',
  '\ufeff1',
  '1.',
  '.5',
  '-.5'
]
const NEVER = [
  'NaN',
  '',
  ' ',
  '-',
  '1_0',
  '1,0',
  '１',
  '1n',
  'one',
  'e1',
  '1e',
  '--1',
  '0x',
  'true',
  'null',
  '[1]',
  '{}'
]
/** Other ways to write an integer in JSON. */
const RESPELLED = ['1.0', '1e0', '1E0', '10e-1', '1.00', '-0', '1e2']
const INTEGERS = ['0', '1', '-1', '42', '9007199254740991', '-9007199254740991']
const BEYOND = ['9007199254740992', '9007199254740993', '1'.repeat(30)]
const DECIMALS = ['0.5', '-52.52', '1.25', '1e-7', '1e+21']

const integer = Type.Integer()
const number = Type.Number()
const int = Type.Optional(integer)
const num = Type.Optional(number)
const All = Type.Object({
  int,
  num,
  bounded: Type.Optional(Type.Integer({ minimum: 1, maximum: 100 })),
  least: Type.Optional(Type.Number({ minimum: -1000 })),
  ints: Type.Optional(Type.Array(integer)),
  nums: Type.Optional(Type.Array(number)),
  intOrNull: Type.Optional(Type.Union([integer, Type.Null()])),
  numOrText: Type.Optional(Type.Union([number, Type.String()])),
  both: Type.Optional(Type.Unsafe<unknown>({ type: ['integer', 'boolean'] })),
  narrowed: Type.Optional(Type.Intersect([integer, Type.Integer({ minimum: -5 })])),
  chosen: Type.Optional(
    Type.Unsafe<unknown>({
      oneOf: [
        { type: 'integer', maximum: 10 },
        { type: 'number', minimum: 11 }
      ]
    })
  )
})

async function build (t: Test): Promise<FastifyInstance> {
  const { app } = await buildService(t)
  app.get('/query', { schema: { querystring: All } }, async ({ query }) => query)
  app.get(
    '/headers',
    { schema: { headers: Type.Object({ 'x-int': int, 'x-num': num }) } },
    async ({ headers }) => headers
  )
  app.get(
    '/int/:id',
    { schema: { params: Type.Object({ id: integer }) } },
    async ({ params }) => params
  )
  app.get(
    '/num/:id',
    { schema: { params: Type.Object({ id: number }) } },
    async ({ params }) => params
  )
  app.get(
    '/either/:id',
    { schema: { params: Type.Object({ id: Type.Union([integer, Type.String()]) }) } },
    async ({ params }) => params
  )
  app.post('/body', { schema: { body: All } }, async ({ body }) => body)
  return app
}

const query = (app: FastifyInstance, name: string, ...values: string[]) =>
  app.inject({
    url: '/query',
    query: values.length === 1 ? { [name]: values[0] ?? '' } : { [name]: values }
  })

t.test(
  'a query: integers in digits, other numbers as in JSON, all of them finite',
  async (t) => {
    const app = await build(t)
    const numeric = [
      'int',
      'num',
      'bounded',
      'least',
      'ints',
      'nums',
      'intOrNull',
      'both',
      'narrowed',
      'chosen'
    ]
    for (const text of [...LOOSE, ...NEVER]) {
      for (const name of numeric) {
        // This coercion has a single spelling.
        if ((name === 'intOrNull' && text === '') || (name === 'both' && text === 'true')) continue
        const answer = await query(app, name, text)
        t.equal(
          answer.statusCode,
          400,
          `${name}=${JSON.stringify(text.slice(0, 30))}: ${answer.body.slice(0, 80)}`
        )
      }
      for (const name of ['ints', 'nums']) {
        t.equal((await query(app, name, '1', text)).statusCode, 400, `${name}=1&${name}=${text}`)
      }
      t.strictSame(
        (await query(app, 'numOrText', text)).json(),
        { numOrText: text },
        'it is a text'
      )
    }
    for (const text of [...RESPELLED, ...BEYOND, ...DECIMALS]) {
      // Values beyond the integers are the nearest number, which `maximum` refuses.
      const status = BEYOND.includes(text) ? 200 : 400
      for (const name of ['int', 'ints', 'intOrNull', 'narrowed']) {
        t.equal((await query(app, name, text)).statusCode, status, `${name}=${text}`)
      }
      for (const name of ['num', 'least']) {
        t.strictSame(
          (await query(app, name, text)).json(),
          JSON.parse(
            JSON.stringify({
              [name]: Math.max(Number(text), name === 'least' ? -1000 : -Infinity)
            })
          ),
          `${name}=${text}`
        )
      }
    }
    for (const text of INTEGERS) {
      const value = Number(text)
      for (const name of ['int', 'num', 'intOrNull', 'numOrText', 'both']) {
        t.strictSame((await query(app, name, text)).json(), { [name]: value }, text)
      }
      for (const name of ['ints', 'nums']) {
        t.strictSame((await query(app, name, text, text)).json(), { [name]: [value, value] })
      }
    }
  }
)

t.test('headers are like a query', async (t) => {
  const app = await build(t)
  const ask = (name: string, value: string) =>
    app.inject({ url: '/headers', headers: { [name]: value } })
  for (const text of ['1e309', '-1e309', '0x1', '01', '+1']) {
    for (const name of ['x-int', 'x-num']) {
      t.equal((await ask(name, text)).statusCode, 400, `${name}: ${text}`)
    }
  }
  t.match((await ask('x-int', '12')).json(), { 'x-int': 12 })
  t.match((await ask('x-num', '12.50')).json(), { 'x-num': 12.5 })
})

t.test('a path: one spelling for each number', async (t) => {
  const app = await build(t)
  const get = (kind: string, text: string) => app.inject(`/${kind}/${encodeURIComponent(text)}`)
  for (const text of [...LOOSE, ...NEVER, ...RESPELLED, ...BEYOND].filter(
    (text) => text !== '' && text.length < 100
  )) {
    t.equal((await get('int', text)).statusCode, 400, `/int/${JSON.stringify(text)}`)
    t.strictSame(
      (await get('either', text)).json(),
      { id: text },
      'where it may be a text it is one'
    )
    if (
      String(Number(text)) !== text ||
      text === 'Infinity' ||
      text === '-Infinity' ||
      text === 'NaN'
    ) {
      t.equal((await get('num', text)).statusCode, 400, `/num/${JSON.stringify(text)}`)
    }
  }
  for (const text of INTEGERS) {
    for (const kind of ['int', 'num', 'either']) {
      t.strictSame((await get(kind, text)).json(), { id: Number(text) })
    }
  }
  t.strictSame((await get('num', '0.5')).json(), { id: 0.5 })
})

t.test('generated texts: a path is a number only in that number\'s own spelling', async (t) => {
  const app = await build(t)
  const below = random(17)
  const alphabet = [...'0011223456789..--++eExXbn_ \n\t']
  const wrong: string[] = []
  let accepted = 0
  for (let i = 0; i < 2000; i++) {
    const text = Array.from(
      { length: 1 + below(5) },
      () => alphabet[below(alphabet.length)] ?? ''
    ).join('')
    // Segments of dots are removed.
    if (/^\.+$/.test(text)) continue
    const path = await app.inject(`/int/${encodeURIComponent(text)}`)
    const isSpelled = /^-?\d+$/.test(text) && String(Number(text)) === text
    if (path.statusCode !== (isSpelled ? 200 : 400)) {
      wrong.push(`/int/${JSON.stringify(text)}: ${path.statusCode}`)
    }
    const found = await query(app, 'num', text)
    let isJson = true
    try {
      isJson = typeof JSON.parse(text) === 'number' && text.trim() === text
    } catch {
      isJson = false
    }
    if (found.statusCode !== (isJson && Number.isFinite(Number(text)) ? 200 : 400)) {
      wrong.push(`num=${JSON.stringify(text)}: ${found.statusCode}`)
    }
    if (found.statusCode === 200) accepted++
  }
  t.strictSame(wrong, [])
  t.ok(accepted > 100, `${accepted} of them are numbers`)
})

t.test('a body has its own numbers, which are finite as well', async (t) => {
  const app = await build(t)
  const post = (payload: string) =>
    app.inject({
      method: 'POST',
      url: '/body',
      headers: { 'content-type': 'application/json' },
      payload
    })
  for (const name of ['int', 'num', 'least', 'intOrNull', 'narrowed', 'chosen']) {
    for (const value of ['1e309', '-1e309', '"1"']) {
      t.equal((await post(`{"${name}":${value}}`)).statusCode, 400, `${name}: ${value}`)
    }
  }
  t.equal((await post('{"ints":[1,1e309]}')).statusCode, 400)
  t.strictSame((await post('{"int":1.0,"num":1e2,"ints":[3]}')).json(), {
    int: 1,
    num: 100,
    ints: [3]
  })
})

t.test('the environment is like a query', async (t) => {
  const schema = Type.Object({
    COUNT: Type.Integer({ minimum: 1, default: 1 }),
    RATIO: Type.Number({ default: 1 }),
    EITHER: Type.Optional(Type.Union([integer, Type.Null()]))
  })
  for (const text of [...LOOSE, ...NEVER].filter((text) => text !== '')) {
    for (const name of ['COUNT', 'RATIO', 'EITHER']) {
      t.throws(
        () => loadEnv(schema, { [name]: text }),
        { code: 'WEIR_ERR_ENV', message: new RegExp(name) },
        `${name}=${JSON.stringify(text.slice(0, 30))}`
      )
    }
  }
  for (const text of RESPELLED) {
    t.throws(() => loadEnv(schema, { COUNT: text }), { code: 'WEIR_ERR_ENV' }, text)
  }
  t.strictSame(loadEnv(schema, { COUNT: '4101', RATIO: '2.50', EITHER: '7' }), {
    COUNT: 4101,
    RATIO: 2.5,
    EITHER: 7
  })
})
