import { fork, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { Agent, get, type IncomingMessage } from 'node:http'
import { createServer } from 'node:net'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'

const main = fileURLToPath(new URL('support/service-main.js', import.meta.url))

function launch (t: Test, env: Record<string, string>) {
  const child = fork(main, {
    env: { PATH: process.env['PATH'], PORT: '0', ...env },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc']
  })
  t.teardown(() => { child.kill('SIGKILL') })
  const output = Promise.all(
    [child.stdout, child.stderr].map(async (stream) => (stream === null ? '' : text(stream)))
  )
  const exit = new Promise<{ code: number | null, signal: string | null }>((resolve) => {
    child.once('exit', (code, signal) => { resolve({ code, signal }) })
  })
  return {
    child,
    ready: async () => new Promise<string>((resolve, reject) => {
      child.once('message', (message) => {
        if (isReady(message)) resolve(`http://127.0.0.1:${message.port}`)
        else reject(new Error(JSON.stringify(message)))
      })
      child.once('exit', (code) => { reject(new Error(`ended with ${code}`)) })
    }),
    end: async () => {
      const [ended, [stdout = '', stderr = '']] = await Promise.all([exit, output])
      return { ...ended, stdout, stderr }
    }
  }
}

/** Returns the response over the agent's connections. */
async function ask (url: string, agent: Agent) {
  const [response] = await once(get(url, { agent }), 'response') as [IncomingMessage]
  return {
    status: response.statusCode,
    connection: response.headers.connection,
    body: await text(response)
  }
}

function isReady (message: unknown): message is { type: 'ready', port: number } {
  return (
    typeof message === 'object' &&
    message !== null &&
    'type' in message &&
    message.type === 'ready' &&
    'port' in message &&
    typeof message.port === 'number'
  )
}

t.test('ready by IPC, answers, and SIGTERM closes it with 0', async (t) => {
  const { child, ready, end } = launch(t, {})
  const origin = await ready()
  t.equal((await fetch(`${origin}/health/ready`)).status, 200)
  child.kill('SIGTERM')
  t.match(await end(), { code: 0, signal: null, stdout: /^closed$/m, stderr: '' })
})

t.test('SIGINT is left to a parent, whose end closes the child', async (t) => {
  const { child, ready, end } = launch(t, {})
  const origin = await ready()
  child.kill('SIGINT')
  t.equal((await fetch(`${origin}/health/live`)).status, 200)
  child.disconnect()
  t.match(await end(), { code: 0, signal: null, stdout: /^closed$/m })
})

t.test('without a parent SIGINT closes it', async (t) => {
  const child: ChildProcess = spawn(process.execPath, [main], {
    env: { PATH: process.env['PATH'], PORT: '0' },
    stdio: ['ignore', 'pipe', 'inherit']
  })
  t.teardown(() => { child.kill('SIGKILL') })
  if (child.stdout === null) throw new Error('no stdout')
  const exit = once(child, 'exit')
  for await (const line of createInterface(child.stdout)) {
    if (line.includes('Server listening')) child.kill('SIGINT')
  }
  t.strictSame(await exit, [0, null])
})

t.test('a request that never ends does not delay the close', async (t) => {
  const { child, ready, end } = launch(t, {})
  const origin = await ready()
  const hanging = fetch(`${origin}/hang`)
  if (child.stdout === null) throw new Error('no stdout')
  for await (const line of createInterface(child.stdout)) {
    if (line === 'hanging') break
  }
  child.kill('SIGTERM')
  await t.rejects(hanging)
  t.match(await end(), { signal: null })
})

t.test(
  'with DRAIN_MS it still answers after SIGTERM, and announces its shutdown',
  async (t) => {
    const { child, ready, end } = launch(t, { DRAIN_MS: '3000' })
    const origin = await ready()
    const agent = new Agent({ keepAlive: true })
    t.teardown(() => {
      agent.destroy()
    })
    t.match(await ask(`${origin}/health/live`, agent), { status: 200, connection: 'keep-alive' })
    if (child.stdout === null) throw new Error('no stdout')
    const lines = createInterface(child.stdout)
    child.kill('SIGTERM')
    for await (const line of lines) {
      if (line.includes('closing in 3000 ms')) break
    }
    t.match(
      await ask(`${origin}/health/live`, agent),
      { status: 200, connection: 'close' },
      'on a connection that was open'
    )
    t.match(
      await ask(`${origin}/health/live`, agent),
      { status: 200, connection: 'close' },
      'and on a new one'
    )
    t.match(await ask(`${origin}/health/ready`, agent), {
      status: 503,
      body: /"status":"closing"/
    })
    t.match(await end(), { code: 0, signal: null, stdout: /^closed$/m, stderr: '' })
  }
)

t.test('only SIGTERM waits for DRAIN_MS', async (t) => {
  const { child, ready, end } = launch(t, { DRAIN_MS: '300000' })
  await ready()
  child.disconnect()
  t.match(await end(), { code: 0, signal: null, stdout: /^closed$/m })
})

t.test('an uncaught error closes it with 1', async (t) => {
  const { ready, end } = launch(t, {})
  const origin = await ready()
  t.equal(await (await fetch(`${origin}/crash`)).text(), 'soon')
  const { code, stdout } = await end()
  t.equal(code, 1)
  t.match(stdout, '"err":{"type":"Error","message":"crash"')
  t.match(stdout, /^closed$/m)
})

t.test('a taken port is one clear line', async (t) => {
  const holder = createServer().listen(0, '127.0.0.1')
  t.teardown(() => { holder.close() })
  await once(holder, 'listening')
  const address = holder.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  t.match(await launch(t, { PORT: `${address.port}` }).end(), {
    code: 1,
    stderr: `Port ${address.port} on 127.0.0.1 is taken: set PORT to another one, or stop the process that listens on it.\n`
  })
})

t.test('so is an invalid environment, and an address of another machine', async (t) => {
  const table: [Record<string, string>, RegExp][] = [
    [
      { PORT: 'x' },
      /^The environment is invalid: PORT must be integer [^\n]+ \[WEIR_ERR_ENV\]\n$/
    ],
    [
      { HOST: '203.0.113.1' },
      /^[^\n]*203\.0\.113\.1[^\n]*: set HOST to an address of this machine\.\n$/
    ]
  ]
  for (const [env, stderr] of table) t.match(await launch(t, env).end(), { code: 78, stderr })
})
