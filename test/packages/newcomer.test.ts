// A new user's path: an empty folder, the command and the code of the README, a hit and an
// invalidation over a socket.
import { readFile, writeFile } from 'node:fs/promises'
import { freePort } from '@weir/internal/testing'
import t, { type Test } from 'tap'
import { blocksOf, ROOT } from '../support/compiled-example.js'
import { emptyApp, registryOf, run, runBeside, serve } from './install.js'

const readme = await readFile(`${ROOT}plugins/README.md`, 'utf8')
const [code = ''] = blocksOf(readme.slice(readme.indexOf('## Quick start')), 'js')
const guide = await readFile(`${ROOT}docs/quick-start.md`, 'utf8')
const [guided = ''] = blocksOf(guide.slice(guide.indexOf('## The app')), 'ts')
const [, packages = ''] = /^ {4}npm install (.+)$/m.exec(readme) ?? []
const TSC = `${ROOT}node_modules/typescript/bin/tsc`

t.test('the quick start has under ten lines', async (t) => {
  t.ok(code.includes('responseCache'), 'it was found')
  const lines = code.split('\n').filter((line) => line.trim() !== '')
  t.ok(lines.length < 10, `${lines.length} lines`)
  t.strictSame(packages.split(' '), ['@weir/fastify', 'fastify'])
  t.match(guide, new RegExp(`^npm install ${packages}$`, 'm'), 'the guide installs the same')
})

t.test('from tarballs', async (t) => {
  const registry = await registryOf(t)
  const types = JSON.stringify({
    name: 'app',
    private: true,
    type: 'module',
    devDependencies: { '@types/node': '^20' }
  })

  await t.test('npm', async (t) => {
    const app = await emptyApp(t, registry)
    await writeFile(`${app}/package.json`, types)
    const { status, output } = await runBeside(t, app, [
      'npm',
      'install',
      '--prefer-offline',
      '--no-audit',
      ...packages.split(' ')
    ])
    t.equal(status, 0, output)
    t.strictSame(warnings(output), [])
    await works(t, app, ['--module', 'nodenext'])
    await isRequired(t, app)
  })

  await t.test('the console as a program', async (t) => {
    const app = await emptyApp(t, registry)
    await writeFile(`${app}/package.json`, types)
    // Scripts are skipped: better-sqlite3, needed for the history alone, may compile for a minute.
    const { status, output } = await runBeside(t, app, [
      'npm',
      'install',
      '--prefer-offline',
      '--no-audit',
      '--ignore-scripts',
      '@weir/console'
    ])
    t.equal(status, 0, output)
    t.strictSame(warnings(output), [])
    const help = run(app, ['npx', '--no-install', 'weir', '--help'])
    t.equal(help.status, 0, help.output)
    for (const command of ['console', 'top', 'get', 'inspect', 'purge', 'keys', 'doctor']) {
      t.match(help.output, new RegExp(`^  ${command} `, 'm'))
    }
    const wrong = run(app, ['npx', '--no-install', 'weir', 'keys', '--unknown'])
    t.equal(wrong.status, 2, wrong.output)
    const page = `${app}/node_modules/@weir/console/dist/ui/index.html`
    t.match(await readFile(page, 'utf8'), '<title>')
  })

  await t.test('pnpm', async (t) => {
    const app = await emptyApp(t, registry)
    const pnpm = await emptyApp(t, registry)
    const got = await runBeside(t, pnpm, [
      'npm',
      'install',
      '--prefer-offline',
      '--no-audit',
      '--ignore-scripts',
      'pnpm@10'
    ])
    if (got.status !== 0) {
      t.skip(`pnpm cannot be had here, and was not tried: ${got.output.slice(-300)}`, () => {})
      return
    }
    await writeFile(`${app}/package.json`, types)
    const { status, output } = await runBeside(t, app, [
      process.execPath,
      `${pnpm}/node_modules/pnpm/bin/pnpm.cjs`,
      'add',
      ...packages.split(' ')
    ])
    t.equal(status, 0, output)
    t.strictSame(warnings(output), [])
    // The resolution of bundlers.
    await works(t, app, ['--module', 'esnext', '--moduleResolution', 'bundler'])
  })
})

/**
 * Warnings of a package manager, except that dependencies of Fastify's plugins want a newer Node.
 */
function warnings (output: string): string[] {
  const lines = output.split('\n').filter((line) => /\bwarn|ERESOLVE|peer|deprecated/i.test(line))
  return lines.filter((line) => !/EBADENGINE|install-scripts|Ignored build scripts/.test(line))
}

/**
 * Checks that the code runs as JavaScript, compiles as strict TypeScript, and that all subpaths
 * have types.
 */
async function works (t: Test, app: string, resolution: readonly string[]): Promise<void> {
  const port = await freePort()
  const ours = code.replace('3000', String(port))
  await writeFile(`${app}/server.js`, ours)
  await hitsAndInvalidates(t, app, 'server.js', port)
  await writeFile(`${app}/guide.mjs`, guided.replace('3000', String(port)))
  await hitsAndInvalidates(t, app, 'guide.mjs', port, 'price')

  await writeFile(`${app}/server.ts`, ours)
  await writeFile(`${app}/all.ts`, await everySubpath())
  const { status, output } = run(app, [
    process.execPath,
    TSC,
    ...STRICT,
    ...resolution,
    '--outDir',
    'out',
    'server.ts',
    'all.ts'
  ])
  t.equal(status, 0, output)
  await hitsAndInvalidates(t, app, 'out/server.js', port)
}

// Checking all libraries takes half a minute: run it by hand.
const STRICT = [
  '--ignoreConfig',
  '--strict',
  '--exactOptionalPropertyTypes',
  '--skipLibCheck',
  '--target',
  'es2023',
  '--types',
  'node'
]

/** A module that imports all subpaths, in which an error class of type `any` is an error. */
async function everySubpath (): Promise<string> {
  const paths = await subpathsOf('plugins', 'stores/memory', 'stores/redis', 'stores/sqlite')
  const imports = paths.map((path, i) => `import * as m${i} from '${path}'\nvoid m${i}\n`)
  return `${imports.join('')}// @ts-expect-error It is text.
export const n: number = new m${paths.indexOf('@weir/fastify/errors')}.WEIR_ERR_ENV('a').message\n`
}

async function hitsAndInvalidates (
  t: Test,
  app: string,
  file: string,
  port: number,
  path = 'time'
): Promise<void> {
  const server = serve(t, app, file)
  await server.line(/^http:\/\//)
  const ask = async (method = 'GET') => {
    const response = await fetch(`http://127.0.0.1:${port}/${path}`, { method })
    return { status: response.headers.get('cache-status') ?? '', body: await response.text() }
  }
  const miss = await ask()
  t.match(miss.status, /fwd=uri-miss/, `${file}: a miss`)
  const hit = await ask()
  t.match(hit, { status: /; hit/, body: miss.body }, `${file}: a hit`)
  await ask('POST')
  const fresh = await ask()
  t.match(fresh.status, /fwd=uri-miss/, `${file}: invalidated`)
  t.not(fresh.body, miss.body)
  await server.stop()
}

/** Checks that CommonJS loads all subpaths by require(). */
async function isRequired (t: Test, app: string): Promise<void> {
  const paths = await subpathsOf('plugins', 'stores/memory', 'stores/redis')
  await writeFile(`${app}/all.cjs`, `
    for (const path of ${JSON.stringify(paths)}) require(path)
    async function main () {
      const app = require('fastify')()
      const { memoryStore } = require('@weir/fastify/stores/memory')
      await app.register(require('@weir/fastify/response-cache').default, { store: memoryStore() })
      app.get('/', { config: { cache: { ttl: '1m' } } }, async () => 'hello')
      await app.inject('/')
      console.log((await app.inject('/')).headers['cache-status'])
    }
    main()`)
  const { status, output } = run(app, [process.execPath, 'all.cjs'])
  t.equal(status, 0)
  t.match(output, /^weir; hit/m)
}

async function subpathsOf (folder: string, ...stores: readonly string[]): Promise<string[]> {
  const json: unknown = JSON.parse(await readFile(`${ROOT}${folder}/package.json`, 'utf8'))
  const names =
    typeof json === 'object' && json !== null && 'exports' in json
      ? Object.keys(json.exports ?? {})
      : []
  return [
    ...names.filter((name) => !name.includes('*')).map((name) => name.slice(2)),
    ...stores
  ].map((name) => `@weir/fastify/${name}`)
}
