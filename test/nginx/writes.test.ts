import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import { startNginx } from '../support/nginx.js'

const PROGRAM = fileURLToPath(new URL('../programs/dies-after-write.js', import.meta.url))
const WRITES = ['PUT', 'DELETE', 'POST', 'PATCH'] as const

/** An instance in a process of its own, which reports applied writes by message. */
async function instance (
  t: Test,
  fate: 'dies' | 'is silent' | 'lives',
  applied: string[]
): Promise<{ url: string; end(): Promise<void> }> {
  const child = fork(PROGRAM, {
    env: { PATH: process.env.PATH, FATE: fate },
    execArgv: [],
    stdio: ['ignore', 'inherit', 'inherit', 'ipc']
  })
  const ended = once(child, 'exit')
  const end = async (): Promise<void> => {
    child.kill('SIGKILL')
    await ended
  }
  t.teardown(end)
  const [port] = (await once(child, 'message')) as [number]
  child.on('message', (method) => {
    if (typeof method === 'string') applied.push(method)
  })
  return { url: `http://127.0.0.1:${port}`, end }
}

const headers = (condition: string): Record<string, string> =>
  ({ 'content-type': 'application/json', ...condition !== '' && { 'if-match': condition } })

t.test('a write applied by an instance before it was killed is not repeated', async (t) => {
  const applied: string[] = []
  const lives = await instance(t, 'lives', applied)
  for (const [method, condition] of [
    ['PUT', '"1"'],
    ['PUT', ''],
    ['DELETE', '"1"'],
    ['POST', ''],
    ['PATCH', '"1"']
  ] as const) {
    applied.length = 0
    const dies = await instance(t, 'dies', applied)
    const { url } = await startNginx(t, { catalog: [dies.url, lives.url] })
    const response = await fetch(`${url}/api/products/1`, {
      method,
      headers: headers(condition),
      body: '{}'
    })
    const name = `${method} ${condition}`
    t.equal(response.status, 502, name)
    t.equal(response.headers.get('content-type'), 'application/problem+json', name)
    t.match(
      await response.json(),
      { status: 502, code: 'WEIR_ERR_INSTANCE_LOST', detail: /may or may not have taken effect/ },
      name
    )
    t.equal((await fetch(`${url}/api/products/1`)).status, 200, 'the other one goes on')
    t.strictSame(applied, [method], name)
  }
})

t.test('a write that reached no instance goes to another one', async (t) => {
  const applied: string[] = []
  const [gone, lives] = await Promise.all([
    instance(t, 'lives', applied),
    instance(t, 'lives', applied)
  ])
  await gone.end()
  for (const method of WRITES) {
    const { url } = await startNginx(t, { catalog: [gone.url, lives.url] })
    for (let i = 0; i < 2; i++) {
      const response = await fetch(`${url}/api/products/1`, {
        method,
        headers: headers('"1"'),
        body: '{"price":1}'
      })
      t.equal(response.status, 200, method)
      t.equal(await response.text(), '{"price":1}', method)
    }
  }
})

t.test('a safe request is repeated', async (t) => {
  const lives = await instance(t, 'lives', [])
  for (const method of ['GET', 'HEAD', 'OPTIONS']) {
    const dies = await instance(t, 'dies', [])
    const { url } = await startNginx(t, { catalog: [dies.url, lives.url] })
    const response = await fetch(`${url}/api/products/1`, { method, headers: { 'x-die': '1' } })
    t.equal(response.status, 200, method)
  }
})

t.test('a write that an instance does not answer is not repeated', async (t) => {
  const applied: string[] = []
  const [silent, lives] = await Promise.all([
    instance(t, 'is silent', applied),
    instance(t, 'lives', applied)
  ])
  const { url } = await startNginx(t, { catalog: [silent.url, lives.url], answerWithin: '1s' })
  const response = await fetch(`${url}/api/products/1`, {
    method: 'PUT',
    headers: headers('"1"'),
    body: '{}'
  })
  t.equal(response.status, 504)
  t.match(await response.json(), { status: 504, code: 'WEIR_ERR_INSTANCE_SILENT' })
  t.strictSame(applied, ['PUT'])
})
