import { request as httpRequest } from 'node:http'
import { createServer, type AddressInfo } from 'node:net'
import { PassThrough, Writable } from 'node:stream'
import { startRedis } from '@weir/internal/testing'
import t, { type Test } from 'tap'
import { type Io } from '../src/cli/command.js'
import { commands } from '../src/cli/commands.js'
import { readOptions } from '../src/cli/console-options.js'
import { dispatch } from '../src/cli/dispatch.js'
import { Visitors } from '../src/cli/visitors.js'
import { fastify } from 'fastify'

/** Runs `weir` and captures its output until it is aborted. */
function weir (args: readonly string[], env: NodeJS.ProcessEnv = {}) {
  const ending = new AbortController()
  const written = { out: '', err: '' }
  const waiting = new Set<() => void>()
  const to = (name: 'out' | 'err') => new Writable({
    write (chunk: Buffer, _encoding, done) {
      written[name] += chunk.toString()
      for (const look of waiting) look()
      done()
    }
  })
  const io: Io = { stdout: to('out'), stderr: to('err'), env, isTTY: false, signal: ending.signal }
  const code = dispatch(args, io)
  return {
    written,
    code,
    end: () => { ending.abort() },
    /** Resolves to the match as soon as it has been written. */
    said: (name: 'out' | 'err', pattern: RegExp) => new Promise<RegExpExecArray>((resolve) => {
      const look = () => {
        const match = pattern.exec(written[name])
        if (match === null) return
        waiting.delete(look)
        resolve(match)
      }
      waiting.add(look)
      look()
    })
  }
}

t.test('the list of commands, and their usage', async (t) => {
  for (const flag of ['--help', '-h', 'help']) {
    const run = weir([flag])
    t.equal(await run.code, 0)
    for (const [name, { summary }] of Object.entries(commands)) {
      t.match(run.written.out, new RegExp(`  ${name} +${summary}`))
    }
  }
  for (const [name, { usage, summary }] of Object.entries(commands)) {
    const run = weir([name, '--help'])
    t.equal(await run.code, 0)
    t.match(run.written.out, `${usage}\n`)
    t.match(usage, new RegExp(`^Usage: weir ${name}`))
    t.notMatch(summary, /\.$/)
  }
  const unknown = weir(['constructor'])
  t.equal(await unknown.code, 2)
  t.match(unknown.written.err, /^weir has no command "constructor"\.\n\nUsage: weir/)
})

t.test('wrong arguments: a sentence, the usage, and exit code 2', async (t) => {
  const wrong: [args: string[], sentence: RegExp][] = [
    [[], /^No Redis given: use --redis URL/],
    [['--redis'], /--redis/],
    [['--redis', 'http://localhost'], /--redis cannot be used: .*http/],
    [['--redis', 'redis://localhost', '--port', '70000'], /--port 70000 is not a port/],
    [['--redis', 'redis://localhost', '--port', 'x'], /--port x is not a port/],
    [['--redis', 'redis://localhost', '--host', 'a b'], /--host a b is not an address/],
    [['--redis', 'redis://localhost', '--prefix', ''], /--prefix is empty/],
    [['--redis', 'redis://localhost', '--color'], /--color/],
    [['--redis', 'redis://localhost', 'extra'], /extra/]
  ]
  for (const [args, sentence] of wrong) {
    for (const given of [args, ['console', ...args]]) {
      const run = weir(given)
      t.equal(await run.code, 2, given.join(' '))
      const [first = '', empty, usage] = run.written.err.split('\n')
      t.match(first, sentence)
      t.equal(empty, '')
      t.match(usage, /^Usage: weir console/)
      t.equal(run.written.out, '')
    }
  }
  t.match(readOptions([], { REDIS_URL: 'redis://b' }), {
    redis: 'redis://b',
    host: '127.0.0.1',
    port: 4300
  })
})

interface Reply {
  readonly status: number | undefined
  readonly body: string
  readonly cookie: string
}

function ask (url: string, path: string, more: {
  readonly headers?: Record<string, string>
  readonly body?: object
} = {}): Promise<Reply> {
  const { headers = {}, body } = more
  return new Promise((resolve, reject) => {
    const request = httpRequest(new URL(path, url), {
      method: body === undefined ? 'GET' : 'POST',
      headers: { ...(body !== undefined && { 'content-type': 'application/json' }), ...headers }
    }, (response) => {
      const text = response.pipe(new PassThrough())
      let all = ''
      text.on('data', (chunk: Buffer) => { all += chunk.toString() })
      text.on('end', () => {
        const [cookie = ''] = response.headers['set-cookie'] ?? []
        resolve({ status: response.statusCode, body: all, cookie })
      })
    })
    request.once('error', reject)
    request.end(body === undefined ? undefined : JSON.stringify(body))
  })
}

async function open (t: Test, args: readonly string[]) {
  const run = weir(args)
  t.teardown(() => { run.end() })
  const [, url = '', code = ''] = await run.said('out', /(http:\/\/\S+)\/#login=(\S+)\n/)
  return { ...run, url, loginCode: code }
}

t.test('a console of a Redis: looking is open on this machine, the rest by the link', async (t) => {
  const redis = await startRedis(t)
  const run = await open(t, ['--redis', redis.url, '--port', '0'])
  const { url, loginCode } = run
  t.match(url, /^http:\/\/127\.0\.0\.1:\d+$/)
  t.match(loginCode, /^\d{13}\.[\w-]{32}$/)

  t.equal((await ask(url, '/')).status, 200)
  t.equal((await ask(url, '/api/stats/summary')).status, 200)
  const { port } = new URL(url)
  for (const host of [`localhost:${port}`, `[::1]:${port}`, 'localhost']) {
    t.equal((await ask(url, '/api/stats/summary', { headers: { host } })).status, 200, host)
  }
  const away = ['evil.example', `evil.example:${port}`, '127.0.0.1.evil.example', 'localhost.evil.example']
  for (const host of away) {
    for (const path of ['/api/stats/summary', '/api/stats/live']) {
      t.equal((await ask(url, path, { headers: { host } })).status, 401, `${host}${path}`)
    }
    for (const path of ['/', '/main.js']) {
      const headers = { host, 'x-forwarded-for': '192.0.2.1' }
      t.equal((await ask(url, path, { headers })).status, 200, 'the login link opens anywhere')
    }
  }
  t.equal(
    (await ask(url, '/api/stats/summary', { headers: { 'x-forwarded-for': '192.0.2.1' } })).status,
    401,
    'by way of a proxy'
  )

  const clients = '/api/stats/limits/clients'
  t.equal((await ask(url, clients)).status, 401)
  const login = await ask(url, '/api/stats/login', { body: { code: loginCode } })
  t.equal(login.status, 200)
  t.match(login.cookie, /^weir-console=[\w-]{32}; Path=\/; HttpOnly; SameSite=Strict$/)
  const { users: [user] } = JSON.parse(login.body) as { users: { token: string }[] }
  const admin = { authorization: `Bearer ${user?.token}` }
  t.equal((await ask(url, clients, { headers: admin })).status, 200)
  const [cookie = ''] = login.cookie.split(';')
  const elsewhere = { host: 'console.example', cookie }
  t.equal((await ask(url, '/api/stats/summary', { headers: elsewhere })).status, 200)
  t.equal((await ask(url, clients, { headers: { cookie } })).status, 401, 'a cookie is for looking')
  t.equal((await ask(url, '/api/stats/login', { body: { code: loginCode } })).status, 410, 'once')
  t.match((await ask(url, '/api/products')).body, 'CONSOLE_ERR_NOT_SERVED')

  run.end()
  t.equal(await run.code, 0)
  await t.rejects(ask(url, '/'))
})

t.test('Redis is away, comes, and goes: it says so, and recovers', async (t) => {
  const gone = await startRedis(t, { absent: true })
  const run = await open(t, ['console', '--redis', gone.url, '--port', '0'])
  t.match(run.written.err, /Redis is not available: starting without it \(/)
  t.match(JSON.parse((await ask(run.url, '/api/stats/summary')).body), { connected: false })
  await gone.start()
  await run.said('err', /Redis is back/)
  const live = await new Promise<string>((resolve) => {
    const request = httpRequest(new URL('/api/stats/live', run.url), (response) => {
      let all = ''
      response.on('data', (chunk: Buffer) => {
        all += chunk.toString()
        if (!all.includes('"connected":true')) return
        resolve(all)
        request.destroy()
      })
      response.on('error', () => {})
    }).on('error', () => {})
    request.end()
  })
  t.match(live, 'event: tick')
  run.end()
  t.equal(await run.code, 0)
})

t.test('a port that is in use', async (t) => {
  const redis = await startRedis(t)
  const other = createServer()
  t.teardown(() => other.close())
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
  const { port } = other.address() as AddressInfo
  const run = weir(['--redis', redis.url, '--port', String(port)])
  t.equal(await run.code, 1)
  t.match(run.written.err, `Port ${port} of 127.0.0.1 is in use: give another --port.`)
})

t.test('beyond this machine, pages can be opened, and figures after the login', async (t) => {
  const app = fastify()
  t.teardown(() => app.close())
  const visitors = new Visitors()
  app.get('/*', (request) => visitors.mayView(request))
  const from = (remoteAddress: string, url: string, host: string) =>
    app.inject({ url, remoteAddress, headers: { host } }).then(({ body }) => body)
  t.equal(await from('192.0.2.1', '/', 'console.example'), 'true')
  t.equal(await from('192.0.2.1', '/api/stats/summary', 'console.example'), 'false')
  t.equal(await from('192.0.2.1', '/api/stats/summary', 'localhost'), 'false', 'a Host is a claim')
  for (const local of ['127.0.0.1', '127.8.9.1', '::1', '::ffff:127.0.0.1']) {
    t.equal(await from(local, '/api/stats/summary', 'localhost:4300'), 'true', local)
  }
})
