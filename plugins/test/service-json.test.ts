import type { FastifyInstance } from 'fastify'
import t, { type Test } from 'tap'
import { Type } from 'typebox'
import { random } from '@weir/internal/testing'
import { buildService } from './support/service-app.js'

async function build (t: Test): Promise<FastifyInstance> {
  const { app } = await buildService(t)
  for (const method of ['POST', 'PUT', 'PATCH', 'DELETE']) {
    app.route({ method, url: '/any', handler: async ({ body }) => ({ body: body ?? null }) })
  }
  app.post(
    '/named',
    { schema: { body: Type.Object({ name: Type.String() }) } },
    async ({ body }) => body
  )
  return app
}

type Method = 'POST' | 'PUT' | 'PATCH' | 'DELETE'
const send = (
  app: FastifyInstance,
  method: Method,
  type: string | undefined,
  payload?: string | Buffer
) =>
  app.inject({
    method,
    url: '/any',
    headers: type === undefined ? {} : { 'content-type': type },
    ...(payload !== undefined && { payload })
  })

const MERGE = 'application/merge-patch+json'
const text = '{"a":"Ä"}'

t.test('POST and PUT accept JSON, PATCH also a merge patch, in UTF-8', async (t) => {
  const app = await build(t)
  const taken = [
    'application/json',
    'Application/JSON',
    'application/json; charset=utf-8',
    'application/json;charset=UTF-8',
    'application/json; charset="utf-8"',
    'application/json; profile=x; charset=utf8'
  ]
  const refused = [
    'text/plain',
    'text/plain;charset=utf-8',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'text/csv',
    'application/xml',
    'application/json5',
    'application/vnd.api+json',
    'application/json-patch+json',
    'json',
    '*/*',
    '',
    undefined,
    'application/json; charset=iso-8859-1',
    'application/json; charset=utf-16',
    'application/json; charset="latin1"',
    'application/json;charset=us-ascii',
    'application/json; charset=utf-8; charset=latin1',
    'application/json; CHARSET=windows-1252',
    'application/merge-patch+json; charset=utf-16'
  ]
  for (const method of ['POST', 'PUT', 'PATCH'] as const) {
    for (const type of taken) {
      t.strictSame(
        (await send(app, method, type, text)).json(),
        { body: { a: 'Ä' } },
        `${method} ${type}`
      )
    }
    for (const type of refused) {
      const answer = await send(app, method, type, text)
      t.equal(answer.statusCode, 415, `${method} ${type}`)
      t.equal(answer.headers['content-type'], 'application/problem+json')
    }
    const merged = await send(app, method, MERGE, '{"a":null}')
    if (method === 'PATCH') t.strictSame(merged.json(), { body: { a: null } })
    else {
      t.match(merged.json(), {
        status: 415,
        code: 'WEIR_ERR_MERGE_PATCH',
        detail: new RegExp(`send ${method} as application/json`)
      })
    }
  }
  t.match((await send(app, 'POST', 'application/json; charset=latin1', text)).json(), {
    code: 'WEIR_ERR_CHARSET',
    detail: /charset=latin1/
  })
})

t.test('a body with a Content-Encoding is refused, since none is decoded', async (t) => {
  const app = await build(t)
  for (const method of ['POST', 'PUT', 'PATCH', 'DELETE'] as const) {
    const coded = (coding: string) =>
      app.inject({
        method,
        url: '/any',
        headers: { 'content-type': 'application/json', 'content-encoding': coding },
        payload: text
      })
    for (const coding of ['gzip', 'br', 'x', 'identity, gzip', 'aws-chunked', 'identityx']) {
      const answer = await coded(coding)
      t.match(
        answer.json(),
        { status: 415, code: 'WEIR_ERR_CONTENT_CODING' },
        `${method} ${coding}`
      )
      t.equal(answer.headers['accept-encoding'], 'identity')
    }
    for (const coding of ['identity', 'Identity', '']) {
      t.equal((await coded(coding)).statusCode, 200, `${method} ${coding}`)
    }
  }
})

t.test('a body that is validated by its type is required', async (t) => {
  const { app } = await buildService(t)
  const schema = Type.Object({ name: Type.String() })
  const body = {
    content: { 'application/json': { schema }, 'application/merge-patch+json': { schema } }
  }
  app.route({
    method: ['PATCH', 'PUT'],
    url: '/typed',
    schema: { body },
    handler: async ({ body }) => ({ body })
  })
  for (const method of ['PATCH', 'PUT'] as const) {
    for (const headers of [
      {},
      { 'content-length': '0' },
      { 'content-type': 'application/json' },
      { 'content-type': 'application/json', 'content-length': '0' }
    ]) {
      const answer = await app.inject({ method, url: '/typed', headers })
      t.equal(answer.statusCode, 400, `${method} ${JSON.stringify(headers)}`)
    }
    t.equal((await app.inject({ method, url: '/typed', payload: { name: 'a' } })).statusCode, 200)
  }
  t.match((await app.inject({ method: 'PATCH', url: '/typed' })).json(), {
    code: 'WEIR_ERR_NO_BODY',
    detail: 'The body is missing: send one as application/json, application/merge-patch+json'
  })
})

t.test('bytes that are not UTF-8 never become U+FFFD', async (t) => {
  const app = await build(t)
  const odd = [
    [0xff],
    [0x80],
    [0xc3],
    [0xc3, 0x28],
    [0xe2, 0x82],
    [0xc0, 0xaf],
    [0xed, 0xa0, 0x80],
    [0xf4, 0x90, 0x80, 0x80],
    [0xfe, 0xff],
    [0xf0, 0x9f, 0x92]
  ]
  for (const bytes of odd) {
    for (const [before, after] of [
      ['{"a":"', '"}'],
      ['{"', '":1}'],
      ['"x', '"'],
      ['', '{}'],
      ['{}', '']
    ] as const) {
      const payload = Buffer.concat([Buffer.from(before), Buffer.from(bytes), Buffer.from(after)])
      for (const type of ['application/json', MERGE]) {
        const answer = await send(app, 'PATCH', type, payload)
        t.match(
          answer.json(),
          { status: 400, code: 'WEIR_ERR_JSON_TEXT' },
          payload.toString('hex')
        )
      }
    }
  }
  const marked = await send(app, 'PUT', 'application/json', Buffer.from(`\ufeff${text}`))
  t.strictSame(
    marked.json(),
    { body: { a: 'Ä' } },
    'a byte order mark is not part of the text (RFC 8259 8.1)'
  )
})

t.test('an unpaired surrogate escape is refused, wherever it occurs', async (t) => {
  const app = await build(t)
  const deep = '{"a":'.repeat(50_000)
  for (const escape of [
    '\\ud800',
    '\\udfff',
    '\\uDBFF',
    '\\ud83dx',
    '\\udca9\\ud83d',
    '\\ud83d\\ud83d\\udca9'
  ]) {
    const bodies = [
      `"${escape}"`,
      `{"a":"${escape}"}`,
      `{"${escape}":1}`,
      `[[{"b":["x","${escape}"]}]]`,
      `${deep}"${escape}"${'}'.repeat(50_000)}`
    ]
    for (const body of bodies) {
      const answer = await send(app, 'POST', 'application/json', body)
      t.match(
        answer.json(),
        { status: 400, code: 'WEIR_ERR_JSON_TEXT', detail: /half of a character/ },
        body.slice(0, 50)
      )
    }
  }
  for (const [body, value] of [
    ['"\\ud83d\\udca9"', '💩'],
    ['"\\\\ud800"', '\\ud800'],
    ['"\\ufffd"', '\ufffd'],
    ['"\\u0000"', '\0'],
    ['"💩"', '💩']
  ] as const) {
    t.strictSame((await send(app, 'POST', 'application/json', body)).json(), { body: value }, body)
  }
})

t.test(
  'for any bytes: accepted text is returned unchanged, and everything else is 400',
  async (t) => {
    const app = await build(t)
    const below = random(23)
    const wrong: string[] = []
    let accepted = 0
    for (let i = 0; i < 2000; i++) {
      const bytes = Buffer.from('{"name":"Käse 💩 \\u00e4 \\ud83d\\udca9"}')
      for (let n = below(3); n > 0; n--) {
        bytes[9 + below(bytes.length - 11)] = below(4) === 0 ? below(256) : 0x20 + below(0x60)
      }
      const answer = await app.inject({
        method: 'POST',
        url: '/named',
        headers: { 'content-type': 'application/json' },
        payload: bytes
      })
      if (answer.statusCode === 400) continue
      accepted++
      const sent = bytes.toString()
      const { name } = answer.json<{ name: string }>()
      const isSame =
        answer.statusCode === 200 && name === (JSON.parse(sent) as { name: string }).name
      const isMadeUp = name.includes('\ufffd') && !/\ufffd|\\ufffd/i.test(sent)
      if (!isSame || isMadeUp || /\p{Cs}/u.test(name) || !Buffer.from(sent).equals(bytes)) {
        wrong.push(bytes.toString('latin1'))
      }
    }
    t.strictSame(wrong, [])
    t.ok(accepted > 500 && accepted < 1900, String(accepted))
  }
)

t.test('DELETE needs no body, regardless of its Content-Type', async (t) => {
  const app = await build(t)
  for (const type of [
    'application/json',
    'application/json; charset=latin1',
    'text/plain',
    MERGE,
    'application/octet-stream',
    'nonsense',
    ''
  ]) {
    for (const headers of [
      { 'content-type': type },
      { 'content-type': type, 'content-length': '0' }
    ]) {
      t.strictSame(
        (await app.inject({ method: 'DELETE', url: '/any', headers })).json(),
        { body: null },
        JSON.stringify(headers)
      )
    }
  }
  const chunked = { 'content-type': 'application/json', 'transfer-encoding': 'chunked' }
  t.strictSame(
    (await app.inject({ method: 'DELETE', url: '/any', headers: chunked })).json(),
    { body: null },
    'an empty chunked body'
  )
  t.strictSame((await send(app, 'DELETE', 'application/json', text)).json(), { body: { a: 'Ä' } })
  t.equal((await send(app, 'DELETE', 'text/plain', text)).statusCode, 415)
  t.match((await send(app, 'POST', 'application/json', '')).json(), {
    status: 400,
    code: 'FST_ERR_CTP_EMPTY_JSON_BODY'
  })
})
