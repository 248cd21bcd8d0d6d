import { mock } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { DrivenConnection } from '../src/connection.js'
import { denialsOf } from '../src/denials.js'
import type { ClientState, Driver } from '../src/driver.js'
import { ReplyError } from '../src/errors.js'

const TIMEOUT = 100

interface Sent {
  readonly words: readonly string[]
  reply (value: unknown): void
  fail (error: Error): void
}

/** A connection whose replies come from the test, under a clock that the test moves. */
function setUp (
  t: Test,
  { isCluster = false, state = 'ready' }: { isCluster?: boolean; state?: ClientState } = {}
) {
  mock.timers.enable({ apis: ['setTimeout'] })
  t.teardown(() => {
    mock.timers.reset()
  })
  const sent: Sent[] = []
  const send = (...words: string[]) =>
    new Promise<unknown>((resolve, reject) => {
      sent.push({ words, reply: resolve, fail: reject })
    })
  const client = { unlink: async () => 0, state, changed: () => {} }
  const driver: Driver = {
    isCluster,
    keyPrefix: '',
    commandTimeout: undefined,
    database: 0,
    get state () {
      return client.state
    },
    onChange (changed) {
      client.changed = changed
      return () => {}
    },
    wake () {},
    select: (database) => send('SELECT', `${database}`),
    get: (key) => send('GET', key),
    mget: (keys) => send('MGET', ...keys),
    unlink: (key) => send('UNLINK', key),
    hvals: (key) => send('HVALS', key),
    getrange: (key, end) => send('GETRANGE', key, `${end}`),
    masters: () => [''],
    scan: (_master, cursor) => send('SCAN', cursor),
    evalsha: (sha) => send('EVALSHA', sha),
    eval: (source) => send('EVAL', source),
    nodeOf: () => '',
    refresh () {},
    canListen: false,
    locate: async () => {
      throw new Error('it listens to nothing')
    }
  }
  const connection = new DrivenConnection({
    client,
    driver,
    commandTimeout: TIMEOUT,
    prefix: 'weir',
    end: async () => {}
  })
  const advance = async (ms: number) => {
    mock.timers.tick(ms)
    await setImmediate()
  }
  return { connection, client, sent, words: () => sent.map(({ words }) => words), advance }
}

const A = Buffer.from('A')
const denied = (command: string) =>
  new ReplyError(`NOPERM this user has no permissions to run the '${command}' command`)

t.test('one key is read by GET, several by MGET, each in its position', async (t) => {
  const { connection, sent, words } = setUp(t)
  const [one, several, twice] = [
    connection.readAll(['a']),
    connection.readAll(['a', 'b', 'c']),
    connection.read('a')
  ]
  t.strictSame(words(), [['GET', 'a'], ['MGET', 'a', 'b', 'c'], ['GET', 'a']])
  sent[0]?.reply(A)
  sent[1]?.reply([null, A, '12'])
  sent[2]?.reply(null)
  t.strictSame(await one, [A])
  await t.rejects(several, { code: 'WEIR_REDIS_REPLY' }, 'no client returns a number for a value')
  t.equal(await twice, undefined)
  const again = connection.readAll(['a', 'b', 'c'])
  sent[3]?.reply([null, A, Buffer.alloc(0)])
  t.strictSame(await again, [undefined, A, Buffer.alloc(0)])
})

t.test('a reply that MGET never gives is an error', async (t) => {
  const { connection, sent } = setUp(t)
  for (const reply of [[A], [A, A, A], A, null, 1, [A, 1], [A, [A]]]) {
    const read = connection.readAll(['a', 'b'])
    sent.pop()?.reply(reply)
    await t.rejects(read, { code: 'WEIR_REDIS_REPLY' }, JSON.stringify(reply))
  }
})

t.test('in a cluster each key is read separately', async (t) => {
  const { connection, sent, words } = setUp(t, { isCluster: true })
  const read = connection.readAll(['a', 'b'])
  t.strictSame(words(), [['GET', 'a'], ['GET', 'b']])
  sent[1]?.reply(A)
  sent[0]?.reply(null)
  t.strictSame(await read, [undefined, A])
})

t.test(
  'for a user without MGET, reads use GET from then on, and no denial is reported',
  async (t) => {
    const { connection, client, sent, words } = setUp(t)
    const read = connection.readAll(['a', 'b'])
    sent[0]?.fail(denied('mget'))
    await setImmediate()
    t.strictSame(words().slice(1), [
      ['GET', 'a'],
      ['GET', 'b']
    ])
    sent[1]?.reply(A)
    sent[2]?.reply(A)
    t.strictSame(await read, [A, A])
    t.strictSame(denialsOf(client), [])
    const next = connection.readAll(['a', 'b'])
    t.strictSame(words().slice(3), [
      ['GET', 'a'],
      ['GET', 'b']
    ])
    sent[3]?.fail(denied('get'))
    await t.rejects(next, { message: /NOPERM/ })
    t.match(denialsOf(client), [{ grant: '+get' }])
    sent[4]?.reply(A)
  }
)

for (const refusal of [
  'CROSSSLOT Keys in request don\'t hash to the same slot',
  'ERR unknown command \'MGET\', with args beginning with: \'a\' \'b\' ',
  'ERR unknown command `MGET`, with args beginning with: `a`, `b`, '
]) {
  t.test(
    `for a server that rejects MGET, reads use GET from then on: ${refusal.slice(0, 11)}`,
    async (t) => {
      const { connection, sent, words } = setUp(t)
      const read = connection.readAll(['a', 'b'])
      sent[0]?.fail(new ReplyError(refusal))
      await setImmediate()
      t.strictSame(words().slice(1), [
        ['GET', 'a'],
        ['GET', 'b']
      ])
      sent[1]?.reply(null)
      sent[2]?.reply(A)
      t.strictSame(await read, [undefined, A])
      const next = connection.readAll(['a', 'b'])
      t.strictSame(words().slice(3), [
        ['GET', 'a'],
        ['GET', 'b']
      ])
      sent[3]?.reply(A)
      sent[4]?.reply(null)
      t.strictSame(await next, [A, undefined])
    }
  )
}

t.test('any other error is passed on to the read', async (t) => {
  const { connection, sent, words } = setUp(t)
  const read = connection.readAll(['a', 'b'])
  sent[0]?.fail(new ReplyError('LOADING'))
  await t.rejects(read, { message: 'LOADING' })
  t.equal(words().length, 1)
})

t.test('a command without an answer in time fails, and a later answer is ignored', async (t) => {
  const asks: Record<string, (connection: DrivenConnection) => Promise<unknown>> = {
    GET: (connection) => connection.read('a'),
    MGET: (connection) => connection.readAll(['a', 'b']),
    UNLINK: (connection) => connection.unlink('a'),
    HVALS: (connection) => connection.values('a'),
    EVALSHA: (connection) => connection.evaluate({ source: 'return 1', sha: '1' }, ['a'], [])
  }
  for (const [command, ask] of Object.entries(asks)) {
    for (const late of ['reply', 'failure']) {
      await t.test(`${command}, a late ${late}`, async (t) => {
        const { connection, sent, advance } = setUp(t)
        let isOver = false
        const asked = ask(connection).finally(() => { isOver = true })
        asked.catch(() => {})
        await advance(TIMEOUT - 1)
        t.equal(isOver, false)
        await advance(1)
        await t.rejects(asked, {
          code: 'WEIR_REDIS_TIMEOUT',
          message: new RegExp(`${command} within ${TIMEOUT} ms`)
        })
        if (late === 'reply') sent[0]?.reply([A, A])
        else sent[0]?.fail(new Error('late'))
        await setImmediate()
        t.equal(sent.length, 1)
      })
    }
  }
})

t.test('an answer that has arrived before its timeout is processed counts', async (t) => {
  const { connection, sent } = setUp(t)
  const read = connection.read('a')
  // Node runs timers before it reads sockets.
  mock.timers.tick(TIMEOUT)
  sent[0]?.reply(A)
  t.strictSame(await read, A)
})

t.test(
  'the wait for a connection is limited too, and a command that timed out is not sent',
  async (t) => {
    const { connection, client, words, advance } = setUp(t, { state: 'waiting' })
    const reads: Promise<unknown>[] = [connection.readAll(['a', 'b']), connection.read('c')]
    const refused = Promise.all(
      reads.map((read) => t.rejects(read, { code: 'WEIR_REDIS_TIMEOUT' }))
    )
    t.strictSame(words(), [])
    await advance(TIMEOUT)
    await refused
    client.state = 'ready'
    client.changed()
    await setImmediate()
    t.strictSame(words(), [])
  }
)
