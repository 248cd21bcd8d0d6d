// node infra/dist/local/start.js
//
// `npm start`: builds what has changed since the last build, then runs the suite from its bundles.
import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { buildSuite } from './build.js'
import { filesBelow, fingerprint } from './fingerprint.js'
import { PROGRAMS } from './programs.js'

const ROOT = fileURLToPath(new URL('../../..', import.meta.url))
const FOLDERS = ['packages', 'plugins', 'services', 'infra']
// The last file states which packages are installed: they are part of the bundles.
const FILES = [
  'package.json',
  'tsconfig.json',
  'tsconfig.base.json',
  'node_modules/.package-lock.json'
]
const STAMP = join(ROOT, 'node_modules/.cache/weir/built')

const USAGE = `Usage: npm start

npm start takes no arguments: settings come from the environment, for example PORT=9000 npm start.
.env.example lists them all.`
refuseArguments(process.argv.slice(2))

const { sources, outputs } = state()
if (stamp() !== `${sources} ${outputs}`) await build()
// Before the bundle is loaded, so that stacks of errors name source lines.
process.setSourceMapsEnabled(true)
await import(PROGRAMS.suite.bundle)

/** Ends the process if there are arguments. An ignored `--port` would seem to have worked. */
function refuseArguments ([first]: readonly string[]): void {
  if (first === undefined) return
  if (first === '--help' || first === '-h') {
    console.log(USAGE)
    process.exit(0)
  }
  console.error(`weir: ${JSON.stringify(first)} is not known.\n${USAGE}`)
  process.exit(2)
}

/** Fingerprints of sources and outputs, tests excepted. */
function state (): { sources: string, outputs: string } {
  const isIn = (folder: string, path: string): boolean =>
    path.slice(ROOT.length).includes(`${sep}${folder}${sep}`)
  const files = FOLDERS.flatMap((folder) => filesBelow(join(ROOT, folder))).filter(
    (path) => !isIn('test', path)
  )
  return {
    sources: fingerprint([
      ...FILES.map((file) => join(ROOT, file)),
      ...files.filter((path) => !isIn('dist', path))
    ]),
    outputs: fingerprint(
      files.filter((path) => isIn('dist', path) && /\.(?:js|css|html|svg)$/.test(path))
    )
  }
}

/** The state recorded by the last build; undefined if there was none. */
function stamp (): string | undefined {
  try {
    return readFileSync(STAMP, 'utf8')
  } catch {
    return undefined
  }
}

async function build (): Promise<void> {
  // `npm start` itself has announced the first build.
  if (stamp() !== undefined) console.log('Building changes.')
  const isBuilt = await buildSuite({
    compile: () => run('build'),
    clean: () => run('clean'),
    async bundle () {
      console.log(`Bundling ${Object.keys(PROGRAMS).length} programs.`)
      // Imported late: it has just been compiled.
      const { bundleSuite } = await import('./bundle.js')
      await bundleSuite()
    },
    say: (line) => { console.log(line) }
  })
  if (!isBuilt) process.exit(1)
  mkdirSync(dirname(STAMP), { recursive: true })
  // A source changed during the build is not covered by the stamp: the next start builds again.
  writeFileSync(STAMP, `${sources} ${state().outputs}`)
}

/** Runs a script of package.json. */
function run (script: string): boolean {
  return spawnSync('npm', ['run', '--silent', script], { cwd: ROOT, stdio: 'inherit' }).status === 0
}
