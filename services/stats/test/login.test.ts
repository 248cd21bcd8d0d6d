import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { type FastifyInstance } from 'fastify'
import t from 'tap'
import { build } from './support/build.js'
import { tempDir } from './support/temp-dir.js'

const JWT_SECRET = 'a secret that is long enough for a test'
const codeUntil = (expiresAt: number, random = 'x'.repeat(32)) => `${expiresAt}.${random}`
const LOGIN_CODE = codeUntil(Date.now() + 3_600_000)

const login = (app: FastifyInstance, code: unknown, headers = {}) =>
  app.inject({ method: 'POST', url: '/api/stats/login', headers, payload: { code } })

t.test('a code is exchanged for a token of each role, once, also after a restart', async (t) => {
  const directory = await tempDir(t)
  const app = await build(t, directory, { JWT_SECRET, LOGIN_CODE })
  const [first, second] = await Promise.all([login(app, LOGIN_CODE), login(app, LOGIN_CODE)])
  const [accepted, refused] = first.statusCode === 200 ? [first, second] : [second, first]
  t.equal(accepted.statusCode, 200)
  t.match(accepted.headers, { 'cache-control': 'no-store' })
  const { users } = accepted.json<{ users: { id: string, token: string }[] }>()
  t.match(users.map(({ token }) => app.jwt.HS256.verify(token)),
    ['reader', 'editor', 'admin'].map((role) => ({ sub: `demo-${role}`, role, exp: Number })))
  const admin = { authorization: `Bearer ${users[2]?.token}` }
  t.equal((await app.inject({ url: '/api/stats/limits/clients', headers: admin })).statusCode, 200)
  t.equal(refused.statusCode, 410, 'of two at once, one is accepted')
  t.match(refused.json(), {
    code: 'STATS_ERR_LOGIN_USED',
    detail: /has been used: it works once\. .*again/
  })

  await app.close()
  const again = await build(t, directory, { JWT_SECRET, LOGIN_CODE })
  t.match((await login(again, LOGIN_CODE)).json(), { status: 410, code: 'STATS_ERR_LOGIN_USED' })
  const next = await build(t, directory, {
    JWT_SECRET,
    LOGIN_CODE: codeUntil(Date.now() + 3_600_000, 'y'.repeat(32))
  })
  t.equal(
    (await login(next, codeUntil(Date.now(), 'y'.repeat(32)))).statusCode,
    403,
    'the expiry is part of the code'
  )
})

t.test('a code that is wrong, expired, or not wanted', async (t) => {
  const expired = codeUntil(Date.now() - 1)
  const old = await build(t, undefined, { JWT_SECRET, LOGIN_CODE: expired })
  t.match((await login(old, expired)).json(), { status: 410, code: 'STATS_ERR_LOGIN_EXPIRED' })
  for (const env of [{ JWT_SECRET }, { LOGIN_CODE }]) {
    t.match((await login(await build(t, undefined, env), LOGIN_CODE)).json(), {
      status: 404,
      code: 'STATS_ERR_LOGIN_OFF'
    })
  }
  const app = await build(t, undefined, { JWT_SECRET, LOGIN_CODE })
  for (const code of [`${LOGIN_CODE}x`, LOGIN_CODE.slice(0, -1), expired, 'x']) {
    const response = await login(app, code)
    t.match(response.json(), { status: 403, code: 'STATS_ERR_LOGIN_UNKNOWN' })
    t.notMatch(response.body, LOGIN_CODE.slice(14))
  }
  for (const code of ['', 'x'.repeat(201), 7, undefined]) {
    t.equal((await login(app, code)).statusCode, 400, String(code))
  }
  t.equal(
    (await app.inject({ url: '/api/stats/login' })).statusCode,
    405,
    'following a link logs no client in'
  )
  t.equal((await login(app, LOGIN_CODE)).statusCode, 200, 'guesses do not use it up')
})

t.test('a container of the suite makes a code and prints its link', async (t) => {
  const run = promisify(execFile)
  const program = fileURLToPath(new URL('../../../../infra/docker/bin/with-login', import.meta.url))
  const env = { PATH: process.env['PATH'], CONSOLE_URL: 'http://localhost:1234' }
  const codes = await Promise.all(
    [1, 2].map(async () => {
      const { stdout } = await run(program, ['printenv', 'LOGIN_CODE'], { env })
      const [, code = '', told] = /localhost:1234\/#login=(\S+)\s+(\S+)\n$/.exec(stdout) ?? []
      t.equal(code, told, 'the program gets the code of the link')
      return code
    })
  )
  t.not(codes[0], codes[1])
  const [code = ''] = codes
  const app = await build(t, undefined, { JWT_SECRET, LOGIN_CODE: code })
  t.equal((await login(app, code)).statusCode, 200)
  const given = await run(program, ['printenv', 'LOGIN_CODE'], { env: { ...env, LOGIN_CODE } })
  t.equal(given.stdout, `${LOGIN_CODE}\n`, 'a code that is given is not printed by it')
})

t.test('a client has ten guesses a minute', async (t) => {
  const app = await build(t, undefined, { JWT_SECRET, LOGIN_CODE, RATE_LIMIT_ALLOW: '' })
  const statuses = []
  for (let guess = 0; guess < 12; guess++) {
    statuses.push((await login(app, `guess ${guess}`)).statusCode)
  }
  t.same(statuses, [...Array.from({ length: 10 }, () => 403), 429, 429])
  t.equal((await login(app, LOGIN_CODE)).statusCode, 429, 'not even the right one')
})
