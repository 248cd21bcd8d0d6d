import t from 'tap'
import { may, readToken, tokenIn } from '../token.js'

const token = (claims: unknown) =>
  `e30.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.c2ln`

t.test('claims of a token', async (t) => {
  t.strictSame(readToken(token({ sub: 'zoë', role: 'editor', exp: 1_800_000_000 })), {
    subject: 'zoë',
    role: 'editor',
    expiresAt: 1_800_000_000_000
  })
  t.strictSame(readToken(token({ sub: 'x', role: 'king' })), {
    subject: 'x',
    role: 'reader',
    expiresAt: undefined
  })
})

t.test('a token in a line that npm start prints, or in a header', async (t) => {
  const plain = token({ sub: 'x' })
  for (const text of [
    plain,
    ` ${plain}\n`,
    `export EDITOR_TOKEN=${plain}`,
    `  EDITOR_TOKEN=${plain}`,
    `Bearer ${plain}`
  ]) {
    t.equal(tokenIn(text), plain, text)
  }
})

t.test('what is no token', async (t) => {
  for (const text of [
    '',
    'abc',
    'a.b',
    'a.b.',
    'a.!.c',
    'a.e30.c',
    'a.bnVsbA.c',
    token({ sub: 1 }),
    `${token({ sub: 'x' })}.d`
  ]) {
    t.equal(readToken(text), undefined, text)
  }
})

t.test('roles build upon each other', async (t) => {
  t.ok(may('admin', 'editor'))
  t.ok(may('reader', 'reader'))
  t.notOk(may('reader', 'editor'))
  t.notOk(may(undefined, 'reader'))
})
