import t from 'tap'
import { normalize } from '../src/reply.js'

t.test('a reply is the same whatever the client\'s options are', async (t) => {
  const text = Buffer.from('12')
  const table: [reply: unknown, normal: unknown][] = [
    [12, 12],
    ['12', 12],
    [12n, 12],
    ['-1', -1],
    [text, text],
    ['OK', Buffer.from('OK')],
    [null, null],
    [
      ['1', [text, 2n, null]],
      [1, [text, 2, null]]
    ]
  ]
  for (const [reply, normal] of table) t.strictSame(normalize(reply), normal)
})
