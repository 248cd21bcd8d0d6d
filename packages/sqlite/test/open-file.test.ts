import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { openFile } from '../src/open-file.js'

t.test('a file is made, in WAL mode, and shared', async (t) => {
  const file = join(t.testdir({}), 'new.db')
  const [a, b] = [openFile(file, { timeout: 100 }), openFile(file, { timeout: 250 })]
  t.teardown(() => [a, b].map((db) => db.close()))
  a.exec('CREATE TABLE t (n); INSERT INTO t VALUES (1)')
  t.same(b.prepare('SELECT n FROM t').all(), [{ n: 1 }])
  t.equal(b.pragma('journal_mode', { simple: true }), 'wal')
  t.same([a, b].map((db) => db.pragma('busy_timeout', { simple: true })), [100, 250])
})

t.test('processes that open a new file at the same moment all do', async (t) => {
  const directory = t.testdir({})
  const openers = Array.from({ length: 4 }, () => fork(fileURLToPath(new URL('opener.js', import.meta.url)), { execArgv: [] }))
  t.teardown(() => openers.map((opener) => opener.kill('SIGKILL')))
  await Promise.all(openers.map((opener) => once(opener, 'message')))
  for (let i = 0; i < 50; i++) {
    const answers = openers.map((opener) => once(opener, 'message'))
    for (const opener of openers) opener.send(join(directory, `${i}.db`))
    t.same((await Promise.all(answers)).map(([answer]) => answer as unknown), openers.map(() => 'opened'))
  }
})

t.test('a file that cannot be opened says so', async (t) => {
  t.throws(() => openFile(join(t.testdir({}), 'no', 'folder.db'), { timeout: 100 }), { message: /directory does not exist/ })
  const file = join(t.testdir({ 'text.db': 'this is no database, however long one looks at it' }), 'text.db')
  t.throws(() => openFile(file, { timeout: 100 }), { code: 'SQLITE_NOTADB' })
})
