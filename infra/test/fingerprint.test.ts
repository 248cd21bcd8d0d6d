import { mkdirSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { filesBelow, fingerprint } from '../local/fingerprint.js'

const AT = new Date(Date.UTC(2026, 0))

t.test('the digest of files changes if and only if one of them changes', async (t) => {
  const folder = t.testdir({
    src: { 'a.ts': 'const a = 1', deep: { 'b.ts': 'const b = 2' } },
    node_modules: { 'c.ts': '' }
  })
  const file = join(folder, 'src/a.ts')
  const digest = () => fingerprint(filesBelow(folder))
  utimesSync(file, AT, AT)
  const before = digest()
  t.equal(digest(), before)

  const changes: readonly (readonly [string, () => void])[] = [
    ['longer', () => { writeFileSync(file, 'const a = 10') }],
    ['of the same length', () => { edit(file, 'const a = 11') }],
    ['of the same length and time', () => {
      edit(file, 'const a = 12')
      utimesSync(file, AT, AT)
    }],
    ['new', () => { writeFileSync(join(folder, 'src/new.ts'), '') }],
    ['moved', () => { renameSync(join(folder, 'src/new.ts'), join(folder, 'src/deep/new.ts')) }],
    ['deleted', () => { rmSync(join(folder, 'src/deep/b.ts')) }],
    ['in a new folder', () => {
      mkdirSync(join(folder, 'lib'))
      writeFileSync(join(folder, 'lib/d.ts'), '')
    }]
  ]
  const digests = [before, ...changes.map(([, change]) => {
    change()
    return digest()
  })]
  for (const [i, [what]] of changes.entries()) t.not(digests[i + 1], digests[i], what)

  writeFileSync(join(folder, 'node_modules/c.ts'), 'installed')
  t.equal(digest(), digests.at(-1))
})

/**
 * Writes until the clock of the file system, which ticks a few hundred times a second, has
 * advanced.
 */
function edit (file: string, text: string): void {
  const { ctimeMs } = statSync(file)
  do writeFileSync(file, text)
  while (statSync(file).ctimeMs === ctimeMs)
}
