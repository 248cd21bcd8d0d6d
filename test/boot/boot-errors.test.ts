import { execFileSync, spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import Database from 'better-sqlite3'
import t, { type Test } from 'tap'
import '../support/uncounted.js'
import { programOf } from '../support/programs-of-suite.js'

type Service = 'catalog' | 'weather' | 'storefront' | 'stats'

/** Starts a service in a process of its own, which is expected to end by itself. */
async function boot (t: Test, service: Service, env: Readonly<Record<string, string>>) {
  const child = spawn(
    process.execPath,
    [programOf(service)],
    {
      env: { PATH: process.env.PATH, PORT: '0', ...env },
      stdio: ['ignore', 'pipe', 'pipe']
    }
  )
  t.teardown(() => { child.kill('SIGKILL') })
  const ended = new Promise<number | null>((resolve) => {
    child.once('exit', (status) => {
      resolve(status)
    })
  })
  const [stdout, stderr, status] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    ended
  ])
  return { stdout, stderr, status }
}

/**
 * Expects the service to print one matching line without any secret, and to exit with the status
 * for which another start is of no use.
 */
async function refuses (
  t: Test,
  service: Service,
  env: Readonly<Record<string, string>>,
  line: RegExp
): Promise<void> {
  const { stdout, stderr, status } = await boot(t, service, env)
  const name = `${service} ${JSON.stringify(env)}`
  t.match(stderr, line, name)
  t.match(stderr, /^[^\n]+\n$/, name)
  t.equal(status, 78, name)
  t.notMatch(stdout + stderr, /hunter2/, name)
  t.notMatch(stderr, / at .*:\d+:\d+/, name)
}

/** Creates a folder that contains `file`. */
function folderWith (t: Test, file = '', make: (path: string) => void = () => {}): string {
  const folder = t.testdir({})
  make(join(folder, file))
  return folder
}

const sqlite = (sql: string) => (path: string): void => {
  const database = new Database(path)
  database.exec(sql)
  database.close()
}
const migrated = (
  ...names: string[]
): string => `create table kysely_migration (name text primary key, timestamp text not null);
  ${names.map((name) => `insert into kysely_migration values ('${name}', 'then');`).join('\n')} create table t (a)`

t.test('an unusable DATA_DIR prints one line with the path', async (t) => {
  const folder = t.testdir({ file: 'text' })
  await refuses(
    t,
    'catalog',
    { DATA_DIR: join(folder, 'file') },
    /file\/catalog\.db.*path is a file.*DATA_DIR/
  )
  await refuses(t, 'stats', { DATA_DIR: '/dev/null/x' }, /\/dev\/null\/x\/\w+\.db.*DATA_DIR/)
  await refuses(t, 'weather', { DATA_DIR: '/proc/weir' }, /\/proc\/weir\/[\w-]+\.db.*DATA_DIR/)
  await refuses(t, 'storefront', { DATA_DIR: '/proc/weir' }, /\/proc\/weir\/[\w-]+\.db.*DATA_DIR/)
})

t.test('a DATA_DIR on a full or read-only disk prints one line', async (t) => {
  const table = [
    ['size=64k', /disk or quota is full.*catalog\.db.*DATA_DIR/],
    ['ro', /catalog\.db is on a read-only file system.*DATA_DIR/]
  ] as const
  for (const [options, line] of table) {
    const folder = folderWith(t)
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', folder], { stdio: 'ignore' })
    } catch {
      t.comment('only the superuser may mount a file system')
      return
    }
    try {
      if (options !== 'ro') writeFileSync(join(folder, 'full'), Buffer.alloc(60 * 1024))
      await refuses(t, 'catalog', { DATA_DIR: folder }, line)
    } finally {
      execFileSync('umount', [folder])
    }
  }
})

t.test('a file that is not a database of this version prints one line', async (t) => {
  const text = (path: string): void => { writeFileSync(path, 'x'.repeat(5000)) }
  const table: readonly (readonly [Service, (path: string) => void, RegExp])[] = [
    ['catalog', text, /\.db is not a SQLite database.*DATA_DIR/],
    [
      'catalog',
      sqlite(migrated('0001-counts')),
      /\.db is a database of another program.*DATA_DIR/
    ],
    [
      'catalog',
      sqlite(migrated('0001-products', '9999-future')),
      /\.db \(9999-future\) has the schema of a newer version: run that version/
    ]
  ]
  for (const [service, make, line] of table) {
    await t.test(service, (t) =>
      refuses(t, service, { DATA_DIR: folderWith(t, `${service}.db`, make) }, line)
    )
  }
})

t.test(
  'a wrong setting prints one line before any file is created, without its value',
  async (t) => {
    const DATA_DIR = '/dev/null/never-looked-at'
    await refuses(
      t,
      'catalog',
      { DATA_DIR, REDIS_URL: ' redis://:hunter2@127.0.0.1', API_KEYS: 'hunter2' },
      /REDIS_URL.*white space.*API_KEYS must match/
    )
    await refuses(
      t,
      'storefront',
      { DATA_DIR, CATALOG_ORIGIN: 'http://user:hunter2@catalog' },
      /CATALOG_ORIGIN must match/
    )
  }
)
