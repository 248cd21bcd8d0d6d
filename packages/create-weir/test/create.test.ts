import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import { packageManager } from '../src/package-manager.js'

const MAIN = fileURLToPath(new URL('../src/main.js', import.meta.url))
const TEMPLATES = fileURLToPath(new URL('../../templates/', import.meta.url))

function temp (t: Test): string {
  const folder = mkdtempSync(`${tmpdir()}/create-weir-`)
  t.teardown(() => { rmSync(folder, { recursive: true, force: true }) })
  return folder
}

const create = (cwd: string, ...args: string[]) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, ...args], {
    cwd,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe']
  })
  return { status, stdout, stderr }
}
/** Runs `create` in an environment without any programs. */
const createAlone = (cwd: string, ...args: string[]) => {
  const { status, stderr } = spawnSync(process.execPath, [MAIN, ...args], {
    cwd,
    encoding: 'utf8',
    env: { PATH: '' },
    stdio: ['ignore', 'pipe', 'pipe']
  })
  return { status, stderr }
}
const linesOf = (text: string) => text.trimEnd().split('\n').length

t.test('an app in each language, named after its folder', async (t) => {
  const cwd = temp(t)
  for (const [language, args] of [['ts', []], ['js', ['--js']]] as const) {
    const { status, stdout } = create(cwd, `apps/shop-${language}`, '--no-install', ...args)
    t.equal(status, 0)
    t.match(stdout, `cd apps/shop-${language}\n  npm install\n  npm test\n  npm start`)
    const folder = `${cwd}/apps/shop-${language}`
    t.strictSame(
      readdirSync(folder).toSorted(),
      readdirSync(TEMPLATES + language)
        .map((name) => (name === 'gitignore' ? '.gitignore' : name))
        .toSorted()
    )
    const manifest = readFileSync(`${folder}/package.json`, 'utf8')
    t.match(manifest, `"name": "shop-${language}"`)
    t.match(manifest, /"@weir\/fastify": "\^\d+\.\d+\.\d+/)
    t.match(readFileSync(`${folder}/README.md`, 'utf8'), new RegExp(`^# shop-${language}\n`))
    t.ok(readdirSync(`${folder}/src`).includes(`app.${language}`))
  }
})

t.test('the current folder, if it contains nothing but a repository', async (t) => {
  const cwd = `${temp(t)}/shop`
  mkdirSync(`${cwd}/.git`, { recursive: true })
  const { status, stdout } = create(cwd, '.', '--no-install')
  t.equal(status, 0)
  t.notMatch(stdout, 'cd ')
})

t.test('a folder with files is rejected and left unchanged', async (t) => {
  const cwd = temp(t)
  mkdirSync(`${cwd}/shop`)
  for (const name of ['a', 'b', 'c', 'd']) writeFileSync(`${cwd}/shop/${name}`, '')
  const { status, stderr } = create(cwd, 'shop', '--no-install')
  t.equal(status, 1)
  t.match(
    stderr,
    /^The folder \S+shop is not empty \(a, b, c, …\): choose an empty or new one\.\n$/
  )
  t.strictSame(readdirSync(`${cwd}/shop`), ['a', 'b', 'c', 'd'])
  const { status: file, stderr: said } = create(cwd, 'shop/a', '--no-install')
  t.equal(file, 1)
  t.match(said, /^The folder \S+ cannot be created: EEXIST/)
})

t.test(
  'names that npm rejects, a missing folder, two folders and unknown options are errors',
  async (t) => {
    const cwd = temp(t)
    for (const name of ['My App', '.hidden', '_x', 'node_modules', 'é', 'a'.repeat(215), 'a/B']) {
      const { status, stderr } = create(cwd, name, '--no-install')
      t.equal(status, 1, name)
      t.match(stderr, /is not a valid package name: use lower-case letters/)
      t.equal(linesOf(stderr), 1)
    }
    t.match(create(cwd), {
      status: 1,
      stderr: /^Name the folder: npm create weir@latest my-app\n$/
    })
    const two = create(cwd, 'a', 'b')
    t.match(two, { status: 1, stderr: /^Only one folder is allowed, but there is also b\./ })
    t.match(create(cwd, 'a', '--yes'), { status: 1, stderr: /'--yes'[^]*--no-install/ })
    t.strictSame(readdirSync(cwd), [])
  }
)

t.test('--help prints the usage, and does nothing', async (t) => {
  const cwd = temp(t)
  t.match(create(cwd, '--help', 'shop'), { status: 0, stdout: /--js[^]*--no-install/, stderr: '' })
  t.strictSame(readdirSync(cwd), [])
})

t.test('the package manager that runs it installs', async (t) => {
  t.equal(packageManager('pnpm/12.21.0 npm/? node/v20.20.2 linux x64'), 'pnpm')
  t.equal(packageManager('yarn/4.18.1 npm/? node/v20.20.2'), 'yarn')
  t.equal(packageManager('npm/11.19.1 node/v20.20.2'), 'npm')
  t.equal(packageManager(), 'npm')
})

t.test('if the installation fails, the app exists, and the error says so', async (t) => {
  const cwd = temp(t)
  t.match(createAlone(cwd, 'shop'), {
    status: 1,
    stderr: /^The app is in \S+shop, but `npm install` failed \(see above\)\. Run it again there\.\n$/
  })
  t.ok(readdirSync(`${cwd}/shop`).includes('package.json'))
})

t.test('the tests of the JavaScript app pass', async (t) => {
  // The TypeScript app is compiled and run from its tarball: test/packages.
  const { status, stdout } = spawnSync(
    process.execPath,
    ['--test', `${TEMPLATES}js/test/app.test.js`],
    { encoding: 'utf8', env: { PATH: process.env['PATH'] } }
  )
  t.equal(status, 0, stdout)
  t.match(stdout, /^(?:#|ℹ) pass 3$/m)
})
