import t from 'tap'
import { isReplyError, runScript, script, shown, type ScriptClient } from '../src/index.js'

const replyError = (message: string) => Object.assign(new Error(message), { name: 'ReplyError' })

/** A client that records its commands, and rejects those by digest. */
function failing (error: Error) {
  const sent: unknown[][] = []
  const client: ScriptClient = {
    async evalsha (...args) {
      sent.push(['evalsha', ...args])
      throw error
    },
    async eval (...args) {
      sent.push(['eval', ...args])
      return 'evaluated'
    }
  }
  return { client, sent }
}

const ONE = script('return 1')

t.test('a script is sent by digest, and by source if Redis does not know it', async (t) => {
  t.equal(ONE.sha, 'e0e1f9fabfc9d4800c877a703b823ac0578ff8db')
  const { client, sent } = failing(replyError('NOSCRIPT No matching script'))
  t.equal(await runScript(client, ONE, ['a', 'b'], [1]), 'evaluated')
  t.strictSame(sent, [['evalsha', ONE.sha, 2, 'a', 'b', 1], ['eval', 'return 1', 2, 'a', 'b', 1]])
})

t.test('any other failure is passed on', async (t) => {
  for (const error of [replyError('OOM'), new Error('Connection is closed.')]) {
    const { client, sent } = failing(error)
    await t.rejects(runScript(client, ONE, ['a'], []), error)
    t.equal(sent.length, 1)
  }
})

t.test('error replies are distinguished from other failures', async (t) => {
  t.equal(isReplyError(replyError('OOM')), true)
  t.equal(isReplyError(new Error('Command timed out')), false)
  t.equal(isReplyError({ name: 'ReplyError' }), false)
})

t.test('values are shown in few characters', async (t) => {
  t.equal(shown({ a: { b: 1 } }), '{ a: [Object] }')
  t.ok(shown('x'.repeat(10_000)).length < 300)
})
