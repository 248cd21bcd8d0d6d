import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import { program } from './support/program.js'
import { startRedis } from './support/redis-server.js'
import { tempDir } from './support/temp-dir.js'

const PROGRAM = fileURLToPath(new URL('programs/versions.js', import.meta.url))

async function start (t: Test, name: string, env: Record<string, string>) {
  const child = fork(PROGRAM, [], { stdio: ['ignore', 'pipe', 'pipe', 'ipc'], env: { ...process.env, ...env, INSTANCE: name } })
  const { output } = program(t, child)
  const [ready] = await once(child, 'message') as [{ port?: number }]
  if (ready.port === undefined) throw new Error(output())
  const url = `http://127.0.0.1:${ready.port}/version`
  return {
    child,
    async get () {
      const response = await fetch(url)
      return { ...await response.json() as { version: number, runs: number }, status: response.headers.get('cache-status') ?? '' }
    },
    put: async () => (await fetch(url, { method: 'PUT' })).json()
  }
}

const says = async (child: ChildProcess, word: string) => {
  const [message] = await once(child, 'message') as [unknown]
  if (message !== word) throw new Error(`${String(message)} instead of ${word}`)
}

for (const store of ['sqlite', 'redis'] as const) {
  t.test(`${store}: a fill delayed across a write is not served by anyone`, async (t) => {
    const folder = await tempDir(t)
    await writeFile(join(folder, 'version'), '1')
    const env = { DATA_DIR: folder, REDIS_URL: '', ...store === 'redis' && { REDIS_URL: (await startRedis(t)).url } }
    const [a, b, c] = [await start(t, 'a', env), await start(t, 'b', env), await start(t, 'c', env)]

    a.child.send('hold')
    const slow = a.get()
    await says(a.child, 'read')
    t.same(await b.put(), { version: 2 })
    a.child.send('go')
    t.match(await slow, { version: 1, status: /fwd=uri-miss; detail=INVALIDATED/ }, 'its own request began before the write; nothing is stored')

    t.match(await c.get(), { version: 2, runs: 1, status: /^c; fwd=uri-miss; ttl=\d+; stored/ })
    for (const instance of [a, b, a, b]) t.match(await instance.get(), { version: 2, runs: 1, status: /; hit; / })
    t.match(await a.get(), { runs: 1 }, 'c\'s run, whose answer everyone has: a\'s and b\'s handlers did not run again')
  })

  t.test(`${store}: a fill delayed across a write does not take the place of a later one`, async (t) => {
    const folder = await tempDir(t)
    await writeFile(join(folder, 'version'), '1')
    const env = { DATA_DIR: folder, REDIS_URL: '', ...store === 'redis' && { REDIS_URL: (await startRedis(t)).url } }
    const [a, b] = [await start(t, 'a', env), await start(t, 'b', env)]

    a.child.send('hold')
    const slow = a.get()
    await says(a.child, 'read')
    await b.put()
    t.match(await b.get(), { version: 2, status: /stored/ })
    a.child.send('go')
    await slow
    for (const instance of [b, a]) t.match(await instance.get(), { version: 2, status: /; hit; / })
  })
}
