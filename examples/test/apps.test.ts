import { spawnSync } from 'node:child_process'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { bare, EXAMPLES } from './example.js'

const NONE = new Set(['dist', 'node_modules', 'test'])
const folders = (await readdir(EXAMPLES, { withFileTypes: true }))
  .filter((entry) => entry.isDirectory() && !NONE.has(entry.name) && !entry.name.startsWith('.'))
  .map(({ name }) => name)
const index = await readFile(`${EXAMPLES}README.md`, 'utf8')
const linesOf = async (file: string) => (await readFile(file, 'utf8')).trimEnd().split('\n')
const isCode = (line: string) => line.trim() !== '' && !/^\s*(\/\/|\/?\*)/.test(line)

t.test('the index has one line for each example, and no other', async (t) => {
  const listed = [...index.matchAll(/^\| \[([\w-]+)\]\(\1\/README\.md\) \| .+ \|$/gm)].map(
    ([, name = '']) => name
  )
  t.strictSame(listed.toSorted(), folders.toSorted())
})

t.test(
  'each example has less than 150 lines of code, none over 100 columns, and a README of one page',
  async (t) => {
    for (const name of folders) {
      const files = (await readdir(join(EXAMPLES, name))).filter((file) => file.endsWith('.ts'))
      const lines = (
        await Promise.all(files.map((file) => linesOf(join(EXAMPLES, name, file))))
      ).flat()
      const code = lines.filter(isCode).length
      t.ok(code > 0 && code < 150, `${name}: ${code} lines of code`)
      t.strictSame(
        lines.filter((line) => line.length > 100),
        [],
        name
      )
      const readme = await linesOf(join(EXAMPLES, name, 'README.md'))
      t.ok(readme.length < 80, `${name}: a README of ${readme.length} lines`)
      t.match(readme.join('\n'), `npm run example ${name}`)
    }
  }
)

t.test('a wrong name, or none, lists the examples', async (t) => {
  for (const args of [['nosuch'], []]) {
    const { status, stderr } = spawnSync(process.execPath, [`${EXAMPLES}run.mjs`, ...args], {
      env: bare({}),
      encoding: 'utf8'
    })
    t.equal(status, 1)
    t.match(stderr, args.length === 0 ? /^Name an example: / : /^There is no example "nosuch"\./)
    for (const name of folders) t.match(stderr, name)
    t.equal(stderr.trimEnd().split('\n').length, 1)
  }
})

t.test('outbox-postgres without a database prints one line with the remedy', async (t) => {
  const { status, stderr } = spawnSync(
    process.execPath,
    [`${EXAMPLES}dist/outbox-postgres/server.js`],
    { env: bare({}), encoding: 'utf8' }
  )
  t.equal(status, 1)
  t.match(stderr, /^Set DATABASE_URL to a Postgres database, such as postgres:\/\/\S+\n$/)
})
