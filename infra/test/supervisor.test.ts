import { createHmac } from 'node:crypto'
import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import t, { type Test } from 'tap'
import { type SuiteProcess, startSuite } from './suite-process.js'

t.test('the banner appears when all is up, with everything to try', async (t) => {
  const suite = startSuite(t)
  const { frontDoor, instances } = await addresses(suite)
  await suite.line(/^ +store +SQLite in .*\.data \(set REDIS_URL/)
  await suite.line(/^ +API docs +http.*\/docs$/)
  const [, code = ''] = await suite.line(/^ +http:\S+\/#login=(\d{13}\.[\w-]{32})$/)
  t.match(
    await ask(instances[0]),
    { LOGIN_CODE: code },
    'a service is told the code of the login link'
  )
  const [expiresAt = 0] = code.split('.').map(Number)
  t.ok(expiresAt > Date.now() && expiresAt <= Date.now() + 3_600_000)
  for (const what of ['a miss', 'a hit', 'a write', 'a flood']) {
    await suite.line(new RegExp(`^ +${what} +curl `))
  }
  t.equal((await ask(instances[0])).instance, 'catalog-1', 'each instance answers directly')
  t.equal((await ask(instances[1])).instance, 'catalog-2')
  const served = new Set([(await ask(frontDoor)).instance, (await ask(frontDoor)).instance])
  t.strictSame([...served].sort(), ['catalog-1', 'catalog-2'], 'the front door takes turns')
})

t.test(
  'instances get the locations of data and Redis, and log little unless LOG_LEVEL is set',
  async (t) => {
    const quiet = startSuite(t)
    const told = await ask((await addresses(quiet)).frontDoor)
    t.match(told, { LOG_LEVEL: 'warn', DATA_DIR: /\.data$/, REDIS_URL: undefined })

    const REDIS_URL = 'redis://user:secret@127.0.0.1:6390/2'
    const loud = startSuite(t, { REDIS_URL, LOG_LEVEL: 'debug', DATA_DIR: '/elsewhere' })
    const { frontDoor } = await addresses(loud)
    t.match(await ask(frontDoor), { LOG_LEVEL: 'debug', DATA_DIR: '/elsewhere', REDIS_URL })
    await loud.line(/^ +store +Redis at redis:\/\/127\.0\.0\.1:6390\/2$/)
    await fetch(`${frontDoor}/api/products/warn`)
    await loud.line(/^\[catalog-\d] a warning$/)
    loud.signal('SIGTERM')
    t.notMatch((await loud.ended).stdout, /secret/)
  }
)

t.test(
  "tokens of each role are signed with the instances' secret, a new one per start unless JWT_SECRET is set",
  async (t) => {
    const JWT_SECRET = 'a secret generated for this test'
    const isSigned = (token: string, secret: string) => {
      const [, input = '', signature] = /^(.*)\.(.*)$/.exec(token) ?? []
      return signature === createHmac('sha256', secret).update(input).digest('base64url')
    }
    const secrets: string[] = []
    for (const env of [{ LAB: '' }, { LAB: 'false' }, { JWT_SECRET }]) {
      const suite = startSuite(t, env)
      const told = await ask((await addresses(suite)).frontDoor)
      if (!('JWT_SECRET' in told) || typeof told.JWT_SECRET !== 'string') {
        throw new Error('no secret')
      }
      t.match(told, { INSTANCES: '2', JWT_SECRET: /.{32}/ })
      t.match(
        told,
        { DEMO_USERS: 'true', LAB: env.LAB === 'false' ? 'false' : 'true' },
        'defaults of the suite give way to the environment'
      )
      secrets.push(told.JWT_SECRET)
      for (const role of ['READER', 'EDITOR', 'ADMIN']) {
        const [, token = ''] = await suite.line(new RegExp(`^ +export ${role}_TOKEN=(\\S+)$`))
        t.ok(isSigned(token, told.JWT_SECRET), role)
        t.match(
          Buffer.from(token.split('.')[1] ?? '', 'base64url').toString(),
          `"role":"${role.toLowerCase()}"`
        )
      }
      suite.signal('SIGTERM')
      await suite.ended
    }
    t.equal(new Set(secrets).size, 3)
    t.equal(secrets[2], JWT_SECRET)
  }
)

t.test('a killed instance is restarted while the other one serves', async (t) => {
  const suite = startSuite(t)
  const { frontDoor, instances } = await addresses(suite)
  const before = await ask(instances[0])
  process.kill(before.pid, 'SIGKILL')
  // The supervisor need not have noticed yet: a request that reaches the dead instance goes to the
  // other one.
  for (let i = 0; i < 4; i++) await ask(frontDoor)
  await suite.line(/^weir: catalog-1 was killed by SIGKILL; restarting it in 100 ms$/)
  const back = await suite.line(/^weir: catalog-1 is back at (\S+)$/)
  const after = await ask(back[1] ?? '')
  t.equal(after.instance, 'catalog-1')
  t.not(after.pid, before.pid)
  t.ok(
    [await ask(frontDoor), await ask(frontDoor)].some(({ pid }) => pid === after.pid),
    'it takes its turn again'
  )
})

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  t.test(`${signal} ends everything within 2 s, with exit code 0`, async (t) => {
    const suite = startSuite(t)
    const { gone } = await watchInstances(t, suite)
    const start = performance.now()
    suite.signal(signal)
    t.match(await suite.ended, { code: 0, signal: null, stderr: '' })
    t.ok(performance.now() - start < 2_000)
    await Promise.all(gone)
  })
}

t.test('an instance that ignores SIGTERM is killed', async (t) => {
  const suite = startSuite(t, { MODE: 'stubborn' })
  const { gone } = await watchInstances(t, suite)
  suite.signal('SIGINT')
  t.match(await suite.ended, { code: 0, stderr: '' })
  await Promise.all(gone)
})

t.test(
  'a second Ctrl-C does not wait, unless it is the duplicate from npm',
  async (t) => {
    const suite = startSuite(t, { MODE: 'stubborn' })
    const { gone } = await watchInstances(t, suite)
    suite.signal('SIGINT')
    suite.signal('SIGINT')
    await suite.line(/^weir: waiting for the instances to end; press Ctrl-C again to kill them$/)
    suite.signal('SIGINT')
    t.match(await suite.ended, { code: 130 })
    await Promise.all(gone)
  }
)

t.test('kill -9 of the supervisor leaves no orphan', async (t) => {
  const suite = startSuite(t)
  const { gone } = await watchInstances(t, suite)
  suite.signal('SIGKILL')
  t.match(await suite.ended, { code: null, signal: 'SIGKILL' })
  await Promise.all(gone)
})

t.test('a taken port prints one clear line, and no process stays', async (t) => {
  const taken = await listen(t)
  for (const [env, owner, remedy] of [
    [{ PORT: String(taken) }, 'the front door', 'stop the program that listens there or set PORT to another'],
    [
      { BASE_PORT: String(taken) },
      'catalog-1',
      'stop the program that listens there or set PORT_BASE to another'
    ]
  ] as const) {
    t.strictSame(await startSuite(t, env).ended, {
      code: 1,
      signal: null,
      stdout: '',
      stderr: `weir: port ${taken}, which ${owner} needs, is already in use: ${remedy}.\n`
    })
  }
})

t.test('an invalid PORT prints one clear line', async (t) => {
  t.strictSame(await startSuite(t, { PORT: 'http' }).ended, {
    code: 1,
    signal: null,
    stdout: '',
    stderr:
      'weir: PORT is "http", which is not a port: use a number from 0 (any free port) to 65535.\n'
  })
})

t.test('an instance that never starts ends the suite, with its last output', async (t) => {
  const { code, stdout, stderr } = await startSuite(t, { MODE: 'broken' }).ended
  t.equal(code, 1)
  t.match(
    stderr,
    /^weir: catalog-\d did not start: it exited with code 3, 5 times in a row\. Its last output:\n {2}no such table: products\n$/
  )
  t.notMatch(stdout, /Weir is up/)
})

t.test(
  'a permanent configuration error of an instance ends the suite at once, with its line',
  async (t) => {
    const { code, stdout, stderr } = await startSuite(t, { MODE: 'hopeless' }).ended
    t.equal(code, 1)
    t.match(
      stderr,
      /^weir: catalog-\d cannot start: DATA_DIR is no folder: choose another one\.\n$/
    )
    t.equal(stdout, '', 'it was not started again')
  }
)

t.test('a secret that cannot sign ends the suite at once, and is not shown', async (t) => {
  const { code, stderr } = await startSuite(t, { JWT_SECRET: 'hunter2' }).ended
  t.equal(code, 1)
  t.match(stderr, /^weir: JWT_SECRET cannot be used: [^\n]*less than 32 bytes[^\n]*\n$/)
  t.notMatch(stderr, /hunter2/)
})

interface Answer { readonly instance: string, readonly pid: number }

const isAnswer = (body: unknown): body is Answer =>
  typeof body === 'object' &&
  body !== null &&
  'instance' in body &&
  'pid' in body &&
  typeof body.pid === 'number'

async function ask (base: string): Promise<Answer> {
  const response = await fetch(`${base}/api/products/1`)
  const body = await response.json()
  if (!isAnswer(body)) throw new Error(`${response.status} ${JSON.stringify(body)}`)
  return body
}

/** Addresses printed in the banner. */
async function addresses (
  suite: SuiteProcess
): Promise<{ frontDoor: string; instances: [string, string] }> {
  const url = async (pattern: RegExp) => (await suite.line(pattern))[1] ?? ''
  return {
    frontDoor: await url(/^Weir is up: (\S+)$/),
    instances: [await url(/^ +catalog-1 +(\S+)$/), await url(/^ +catalog-2 +(\S+)$/)]
  }
}

/**
 * Call it once the suite is up: returns a promise per instance that resolves when the instance is
 * gone. An idle connection to it then closes.
 */
async function watchInstances (
  t: Test,
  suite: SuiteProcess
): Promise<{ gone: Promise<unknown>[] }> {
  const { instances } = await addresses(suite)
  const sockets = await Promise.all(
    instances.map(async (url) => {
      const socket = connect(Number(new URL(url).port), '127.0.0.1')
      t.teardown(() => socket.destroy())
      await once(socket, 'connect')
      return socket
    })
  )
  return {
    gone: sockets.map(
      (socket) => new Promise((resolve) => socket.on('error', () => {}).once('close', resolve))
    )
  }
}

async function listen (t: Test): Promise<number> {
  const server = createServer()
  t.teardown(() => { server.close() })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no TCP port')
  return address.port
}
