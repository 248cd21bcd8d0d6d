import { type RequestListener } from 'node:http'
import { gzipSync } from 'node:zlib'
import { drop, json, silence, truncate } from './upstream-server.js'
import * as recorded from './recorded.js'

/** Misbehavior of an upstream, with the resulting code and the log's `answer`. */
export interface Way {
  readonly answer: RequestListener
  readonly code: string
  readonly logged?: object
}

const send =
  (status: number, headers: Record<string, string>, body: string | Buffer = ''): RequestListener =>
    (_request, response) => {
      response.writeHead(status, headers).end(body)
    }

const HTML = '<!doctype html>\n<title>Sign in</title>'
const html = { 'content-type': 'text/html; charset=utf-8' }
const utf8 = { 'content-type': 'application/json; charset=utf-8' }
const large = `{"a":"${'x'.repeat(2 * 1024 * 1024)}"}`

export const ways: Readonly<Record<string, Way>> = {
  400: {
    answer: json(recorded.refused, 400),
    code: 'REFUSED',
    logged: {
      status: 400,
      contentType: 'application/json',
      begins: /^\{"error":true,"reason":"Latitude .* 90\\xc2\\xb0/
    }
  },
  403: {
    answer: send(403, html, HTML),
    code: 'REFUSED',
    logged: { status: 403, contentType: html['content-type'], begins: /^<!doctype html>\\x0a</ }
  },
  404: { answer: send(404, {}), code: 'REFUSED', logged: { status: 404, begins: '' } },
  301: {
    answer: send(301, { location: 'https://elsewhere.example/v1' }),
    code: 'REDIRECTED',
    logged: { status: 301, location: 'https://elsewhere.example/v1' }
  },
  304: { answer: send(304, {}), code: 'INVALID', logged: { status: 304 } },
  204: { answer: send(204, {}), code: 'INVALID', logged: { status: 204 } },
  HTML: {
    answer: send(200, html, HTML),
    code: 'NOT_JSON',
    logged: { status: 200, contentType: html['content-type'], begins: /^<!doctype/ }
  },
  'HTML, said to be JSON': {
    answer: send(200, utf8, HTML),
    code: 'NOT_JSON',
    logged: { contentType: utf8['content-type'], begins: /^<!doctype/ }
  },
  'no body': { answer: json(''), code: 'NOT_JSON', logged: { status: 200, begins: '' } },
  'half a body': {
    answer: json(recorded.current.slice(0, 200)),
    code: 'NOT_JSON',
    logged: { status: 200 }
  },
  'terminal escapes': {
    answer: send(200, html, '\u001b[2J\u0007\r\nx'),
    code: 'NOT_JSON',
    logged: { begins: '\\x1b[2J\\x07\\x0d\\x0ax' }
  },
  'another shape': {
    answer: json({ weather: 'fine' }),
    code: 'INVALID',
    logged: { status: 200, begins: '{"weather":"fine"}' }
  },
  'a list': { answer: json([]), code: 'INVALID', logged: { begins: '[]' } },
  null: { answer: json('null'), code: 'INVALID', logged: { begins: 'null' } },
  'another place': {
    answer: json(recorded.current.replace('52.52', '2.52')),
    code: 'INVALID',
    logged: { status: 200 }
  },
  'too large': {
    answer: json(large),
    code: 'TOO_LARGE',
    logged: { status: 200, begins: /^\{"a":"x{100,200}$/ }
  },
  'cut off': { answer: truncate, code: 'CUT_OFF', logged: { status: 200, begins: '{"a":' } },
  'UTF-16': {
    answer: send(
      200,
      { 'content-type': 'application/json; charset=utf-16le' },
      Buffer.from(recorded.current, 'utf16le')
    ),
    code: 'CHARSET',
    logged: { contentType: 'application/json; charset=utf-16le', begins: /^\{\\x00/ }
  },
  'Latin 1, not said': {
    answer: send(200, {}, Buffer.from(recorded.current, 'latin1')),
    code: 'CHARSET',
    logged: { status: 200 }
  },
  'gzip, not asked for': {
    answer: send(200, utf8, gzipSync(recorded.current)),
    code: 'CHARSET',
    logged: { begins: /^\\x1f\\x8b/ }
  },
  500: {
    answer: send(500, html, HTML),
    code: 'UNAVAILABLE',
    logged: { status: 500, begins: /^<!doctype/ }
  },
  'no answer': { answer: drop, code: 'UNAVAILABLE' },
  silence: { answer: silence, code: 'UNAVAILABLE' }
}
