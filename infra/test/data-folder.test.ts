import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { claimDataFolder } from '../local/data-folder.js'

const REDIS = 'redis://user:secret@127.0.0.1:6390/2'
const dead = () => spawnSync(process.execPath, ['--version']).pid

t.test('suites that share the store may share a data folder', async (t) => {
  for (const store of [undefined, REDIS]) {
    const folder = join(t.testdir({}), 'new')
    claimDataFolder(folder, store, process.ppid)
    claimDataFolder(folder, store)
    t.strictSame(
      readdirSync(folder).sort(),
      [`${process.pid}.suite`, `${process.ppid}.suite`].sort()
    )
  }
})

t.test('a suite with another store is refused, and leaves nothing', async (t) => {
  for (const [first, second] of [
    [undefined, REDIS],
    [REDIS, undefined],
    [REDIS, 'redis://user:secret@127.0.0.1:6390/3']
  ]) {
    const folder = t.testdir({})
    claimDataFolder(folder, first, process.ppid)
    t.throws(() => claimDataFolder(folder, second), {
      code: 'WEIR_ERR_OTHER_STORE',
      message: new RegExp(`^process ${process.ppid} uses .*set DATA_DIR`)
    })
    t.throws(() => claimDataFolder(folder, second), { message: /^(?!.*secret)/ })
    t.strictSame(readdirSync(folder), [`${process.ppid}.suite`])
  }
})

t.test('a killed suite has left the folder', async (t) => {
  const folder = t.testdir({})
  claimDataFolder(folder, REDIS, dead())
  claimDataFolder(folder, undefined)
  t.strictSame(readdirSync(folder), [`${process.pid}.suite`])
})
