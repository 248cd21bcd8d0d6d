import { execFile } from 'node:child_process'
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import { startRedis } from '@weir/internal/testing'
import t from 'tap'
import { startCluster } from './redis-cluster.js'

const run = promisify(execFile)
const README = await readFile(new URL('../../README.md', import.meta.url), 'utf8')

/** The programs in the section about connecting. */
const section = README.slice(
  README.indexOf('### Connecting to Redis'),
  README.indexOf('### Access control lists')
)
const programs = [...section.matchAll(/```js\n(.*?)```/gs)].map(([, program = '']) => program)

t.test('each program in the README runs as it is, except for the address, and ends', async (t) => {
  t.equal(programs.length, 4)
  const { port } = await startRedis(t)
  const cluster = await startCluster(t)
  // Next to the compiled tests, from where packages are found.
  const folder = new URL(`readme-${process.pid}/`, import.meta.url)
  await mkdir(folder)
  t.teardown(() => rm(folder, { recursive: true }))
  for (const [i, program] of programs.entries()) {
    const file = new URL(`${i}.mjs`, folder)
    await writeFile(
      file,
      program
        .replaceAll('127.0.0.1:6379', `127.0.0.1:${port}`)
        .replaceAll('port: 7000', `port: ${cluster.addresses[0]?.port}`)
    )
    // Rejects unless the program ends by itself with code 0.
    t.ok(await run(process.execPath, [file.pathname], { timeout: 60_000 }))
  }
})
