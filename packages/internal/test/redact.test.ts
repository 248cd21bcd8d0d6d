import t from 'tap'
import { redact, redactJson } from '../src/index.js'

/** Numbers from 0 to 1, the same in each run (mulberry32). */
function seeded (seed: number): () => number {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0
    let n = Math.imul(seed ^ (seed >>> 15), seed | 1)
    n ^= n + Math.imul(n ^ (n >>> 7), n | 61)
    return ((n ^ (n >>> 14)) >>> 0) / 2 ** 32
  }
}

const ALPHABET = 'abcXYZ019-._~!$&\'()*+,;=:@%/?#[]{}|\\^"<>`ü'

t.test('a password is removed, whatever its characters and its place in a URL', async (t) => {
  const random = seeded(17)
  const pick = <T>(of: ArrayLike<T>): T | undefined => of[Math.floor(random() * of.length)]
  const word = (length: number, alphabet: string) =>
    Array.from({ length }, () => pick(alphabet)).join('')
  for (let i = 0; i < 5000; i++) {
    // Distinct ends identify the secret.
    const secret = `q7${word(Math.floor(random() * 20), ALPHABET)}z9`
    const scheme = pick([
      'redis',
      'rediss',
      'redis+cluster',
      'redis+sentinel',
      'http',
      'HTTPS',
      'postgres'
    ])
    const host = pick(['127.0.0.1:6379', 'redis.example', '[::1]:6379', 'a:7000,b:7001'])
    const encoded = random() < 0.5 ? encodeURIComponent(secret) : secret
    const url = pick([
      `${scheme}://user:${encoded}@${host}/0`,
      `${scheme}://:${encoded}@${host}`,
      `${scheme}://${encoded}@${host}/mymaster/1`,
      `${scheme}://${host}/0?password=${encodeURIComponent(secret)}`,
      `${scheme}://${host}/0?db=1&x=${encodeURIComponent(secret)}#y`,
      `${scheme}://${host}/#${encodeURIComponent(secret)}`
    ]) ?? ''
    const text =
      pick([
        url,
        `connect ECONNREFUSED ${url}`,
        `"${url}" is no URL: leave it out`,
        `first\n${url}\nlast`,
        `${url} ${url}`
      ]) ?? ''
    const shown = redact(text)
    for (const part of [secret, encodeURIComponent(secret), 'q7', 'z9']) {
      if (shown.includes(part)) t.fail(`${part} in ${shown} of ${text}`)
    }
    const line = redactJson(
      JSON.stringify({
        level: 30,
        msg: text,
        err: { stack: text, cause: { input: url } },
        last: 'kept'
      })
    )
    if (line.includes('q7') || line.includes('z9')) t.fail(`${line} of ${text}`)
    t.match(JSON.parse(line), { level: 30, last: 'kept' })
  }
})

t.test('text without secrets is unchanged', async (t) => {
  for (const text of [
    'listening at http://127.0.0.1:4101/docs',
    'Redis at redis://127.0.0.1:6379/2',
    'mail to a@example.com',
    'x = y',
    'the token bucket is empty',
    'at file:///app/node_modules/@weir/cache/dist/index.js:12:3',
    'the path /api/products/1',
    ''
  ]) { t.equal(redact(text), text) }
})

t.test('secrets outside URLs', async (t) => {
  for (const [text, shown] of [
    [
      'connect ENOENT /tmp/redis.sock?password=hunter2&db=1',
      'connect ENOENT /tmp/redis.sock?password=[redacted]&db=1'
    ],
    ['authorization: Bearer abc.def-ghi', 'authorization: Bearer [redacted]'],
    ['access_token=hunter2', 'access_token=[redacted]']
  ] as const) { t.equal(redact(text), shown) }
  t.equal(
    redactJson('{"password":"a\\"b","JWT_SECRET":"c"}'),
    '{"password":"[redacted]","JWT_SECRET":"[redacted]"}'
  )
})

t.test('the time is linear', async (t) => {
  const took = (text: string) => {
    const began = performance.now()
    redact(text)
    return performance.now() - began
  }
  for (const part of [
    'a://',
    'a://"',
    'a.',
    'token',
    '-',
    'password=x&',
    '"token":"',
    'a://x?',
    'Bearer '
  ]) {
    took(part.repeat(1000))
    t.ok(took(part.repeat(20_000)) < 2000, part)
  }
})
