import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import t from 'tap'

const COMPILE = fileURLToPath(new URL('../../local/compile.mjs', import.meta.url))
const project = (references: readonly string[]): string => JSON.stringify({
  compilerOptions: { composite: true, outDir: 'dist', rootDir: '.', types: [], noLib: false },
  files: ['a.ts'],
  references: references.map((path) => ({ path }))
})

t.test('prints the project being compiled, and nothing if all is up to date', async (t) => {
  const folder = t.testdir({
    base: { 'tsconfig.json': project([]), 'a.ts': 'export const a = 1' },
    app: { 'tsconfig.json': project(['../base']), 'a.ts': 'export const b = 2' }
  })
  const compile = () =>
    spawnSync(process.execPath, [COMPILE, 'app'], { cwd: folder, encoding: 'utf8' })
  t.match(compile(), {
    status: 0,
    stdout: 'Compiling 1 of 2: base\nCompiling 2 of 2: app\n',
    stderr: ''
  })
  t.match(compile(), { status: 0, stdout: /^$/, stderr: '' })
})

t.test('prints compiler errors, and fails', async (t) => {
  const folder = t.testdir({
    app: { 'tsconfig.json': project([]), 'a.ts': 'export const a: string = 1' }
  })
  const { status, stdout } = spawnSync(process.execPath, [COMPILE, 'app'], {
    cwd: folder,
    encoding: 'utf8'
  })
  t.not(status, 0)
  t.match(stdout, /^Compiling 1 of 1: app\napp\/a\.ts\(1,14\): error TS2322: [^\n]+\n$/)
})
