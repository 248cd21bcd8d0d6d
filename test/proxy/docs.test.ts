import { fork } from 'node:child_process'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { isHit, ours } from '../http/cache-status.js'
import { send } from '../http/client.js'
import { startOrigin } from '../http/origin.js'
import { blocksOf, problemsOf, ROOT } from '../support/compiled-example.js'
import { onFreePort } from '../support/free-port.js'
import { program } from '../support/program.js'

const document = await readFile(`${ROOT}docs/proxy.md`, 'utf8')

t.test('each example of docs/proxy.md compiles as written', async (t) => {
  const examples = blocksOf(document, 'ts')
  t.equal(examples.length, 3)
  for (const example of examples) t.strictSame(problemsOf(example), [])
})

t.test('the first one runs as written, except for its ports', async (t) => {
  const origin = await startOrigin(t)
  origin.always('/', { headers: { 'cache-control': 'max-age=60' }, body: 'text' })
  const [example = ''] = blocksOf(document, 'ts')
  const url = await onFreePort(async (port) => {
    // The packages resolve from the folder of this test.
    const file = fileURLToPath(new URL(`./docs-example-${port}.js`, import.meta.url))
    await writeFile(
      file,
      `${example.replace('http://127.0.0.1:3000', origin.url).replace('8080', `${port}`)}\nconsole.log('ready')`
    )
    t.teardown(() => rm(file))
    const { line } = program(t, fork(file, [], { stdio: ['ignore', 'pipe', 'pipe', 'ipc'] }))
    const first = await line(/^ready$|EADDRINUSE/)
    return first === 'ready' ? `http://localhost:${port}` : undefined
  })
  t.match(await send(`${url}/`), { status: 200, body: 'text' })
  t.equal(isHit(await send(`${url}/`)), true)
  t.match(
    ours(
      await send(`${url}/`, {
        method: 'POST',
        headers: { 'content-type': 'text/plain' },
        body: 'x'
      })
    ),
    { fwd: 'method' }
  )
})

t.test('its tables name existing options', async (t) => {
  const example = await readFile(`${ROOT}examples/proxy/server.ts`, 'utf8')
  const readme = await readFile(`${ROOT}examples/proxy/README.md`, 'utf8')
  const settings = await readFile(`${ROOT}examples/proxy/.env.example`, 'utf8')
  for (const [, name = ''] of example.matchAll(/^ {4}([A-Z_]+): Type/gm)) {
    t.match(readme, `\`${name}\``, `README.md: ${name}`)
    t.match(settings, new RegExp(`^#?${name}=`, 'm'), `.env.example: ${name}`)
  }
})
