import type { Random } from '../coherence/random.js'

const KINDS: readonly ((random: Random, target: string) => string)[] = [
  // Invalid request lines.
  () => '',
  () => '\r\n\r\n\r\n',
  () => 'GET\r\n\r\n',
  (_, target) => `GET ${target}\r\n\r\n`,
  (_, target) => `GET ${target} HTTP/0.9\r\n\r\n`,
  (_, target) => `GET ${target} HTTP/1.0\r\n\r\n`,
  (_, target) => `GET ${target} HTTP/1.0\r\nConnection: keep-alive\r\n\r\n`,
  (_, target) => `GET ${target} HTTP/2.0\r\nHost: x\r\n\r\n`,
  (_, target) => `GET ${target} HTTP/1.1\nHost: x\n\n`,
  (_, target) => `GET  ${target}  HTTP/1.1\r\nHost: x\r\n\r\n`,
  (_, target) => `G\u00c4T ${target} HTTP/1.1\r\nHost: x\r\n\r\n`,
  () => 'GET / b HTTP/1.1\r\nHost: x\r\n\r\n',
  () => 'GET /\u00e4\u00ff HTTP/1.1\r\nHost: x\r\n\r\n',
  () => 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
  () => '\u0016\u0003\u0001\u0002\u0000\u0001\u0000\u0001\u00fc\u0003\u0003',
  (random) =>
    Array.from({ length: 200 }, () =>
      String.fromCharCode(Math.floor(random.between(0, 256)))
    ).join(''),
  // Invalid fields.
  (_, target) => `GET ${target} HTTP/1.1\r\n\r\n`,
  (_, target) => `GET ${target} HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n`,
  (_, target) => `GET ${target} HTTP/1.1\r\nHost : x\r\n\r\n`,
  (_, target) => `GET ${target} HTTP/1.1\r\nHost: x\r\n folded: y\r\n\r\n`,
  (_, target) => `GET ${target} HTTP/1.1\r\nHost: x\r\nno colon\r\n\r\n`,
  (_, target) => `GET ${target} HTTP/1.1\r\nHost: x\r\nX: a\u0000b\r\n\r\n`,
  (_, target) => `GET ${target} HTTP/1.1\r\nHost: x\r\nX: ${'y'.repeat(20_000)}\r\n\r\n`,
  (_, target) => `GET ${target} HTTP/1.1\r\nHost: x\r\n${'X: y\r\n'.repeat(3000)}\r\n`,
  () => `GET /${'a'.repeat(20_000)} HTTP/1.1\r\nHost: x\r\n\r\n`,
  // Bodies of unclear length, or missing ones.
  (_, target) => `POST ${target} HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n{}`,
  (_, target) => `POST ${target} HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n{}`,
  (_, target) => `POST ${target} HTTP/1.1\r\nHost: x\r\nContent-Length: 2, 2\r\n\r\n{}`,
  (_, target) =>
    `POST ${target} HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}`,
  (_, target) =>
    `POST ${target} HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
  (_, target) => `POST ${target} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n{}`,
  (_, target) =>
    `POST ${target} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n`,
  (_, target) =>
    `POST ${target} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n`,
  (_, target) =>
    `POST ${target} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2;${'e'.repeat(20_000)}\r\n{}\r\n0\r\n\r\n`,
  (_, target) =>
    `POST ${target} HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n`,
  (_, target) =>
    `GET ${target} HTTP/1.1\r\nHost: x\r\nConnection: close, Host\r\n\r\nGET ${target} HTTP/1.1\r\nHost: x\r\n\r\n`
]

/** Bytes that are no request, or one that violates HTTP/1.1 (RFC 9112). */
export function malformed (random: Random, target: string): { method: string, bytes: Buffer } {
  const text = random.pick(KINDS)(random, target)
  return { method: /^[A-Z]+(?= )/.exec(text)?.[0] ?? '', bytes: Buffer.from(text, 'latin1') }
}
