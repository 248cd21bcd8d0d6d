import { readFile } from 'node:fs/promises'
import t from 'tap'
import { EXAMPLES } from './example.js'
import { followReadme } from './transcript.js'

// The README of news waits five seconds for values to become stale.
t.jobs = 2

// Examples that need no server. Each README is followed line by line.
for (const name of [
  'minimal',
  'news',
  'tasks',
  'memoize',
  'fragments',
  'rate-limits',
  'express-and-node-http',
  'nestjs',
  'serverless'
]) {
  t.test(`the README of ${name} is correct`, async (t) => {
    const example = await followReadme(t, name, { CACHE_FILE: `${t.testdir()}/cache.db` })
    // Nest exits by the signal itself.
    t.ok(
      [0, ...(name === 'nestjs' ? [null] : [])].includes(await example.stop()),
      'SIGTERM closes it',
      { lines: example.lines }
    )
  })
}

t.test(
  'the lines that the README of minimal adds are in the app, and those it removes are not',
  async (t) => {
    const read = async (file: string) => readFile(`${EXAMPLES}minimal/${file}`, 'utf8')
    const [, diff = ''] = /^```diff\n(.*?)^```$/ms.exec(await read('README.md')) ?? []
    const app = (await read('server.ts')).split('\n')
    const lines = diff.trimEnd().split('\n')
    t.equal(
      lines.filter((line) => line.startsWith('+')).length -
        lines.filter((line) => line.startsWith('-')).length,
      3
    )
    for (const line of lines) t.equal(app.includes(line.slice(1)), !line.startsWith('-'), line)
  }
)
